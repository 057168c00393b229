#!/bin/bash
# Several machines: sbatch slurm.sh. As many GPUs as there are rows in a step is the most that helps.
#SBATCH --job-name=tabtune
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=32
#SBATCH --requeue
set -euo pipefail
cd "$SLURM_SUBMIT_DIR"
MASTER=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
srun torchrun --nnodes "$SLURM_NNODES" --nproc_per_node "$SLURM_GPUS_ON_NODE" --rdzv_id "$SLURM_JOB_ID" --rdzv_backend c10d \
  --rdzv_endpoint "$MASTER:29500" train.py --resume "$@"
