/** What llama.cpp calls the modules of a language model, and the order in which it wants rows (its gguf-py/gguf/constants.py, tensor_mapping.py). */

/** Linears of a decoder layer by their neutral names: "blk.N." stands in front. */
export const decoderNames: Record<string, string> = {
  "self_attn.q_proj": "attn_q",
  "self_attn.k_proj": "attn_k",
  "self_attn.v_proj": "attn_v",
  "self_attn.o_proj": "attn_output",
  "mlp.gate_proj": "ffn_gate",
  "mlp.up_proj": "ffn_up",
  "mlp.down_proj": "ffn_down",
};

/**
 * Rows [heads * headSize, width] of q or k where llama.cpp rotates neighbours: within a head, row i of the first half and row i of the
 * second become neighbours.
 */
export function pairRows(values: Float32Array, heads: number, width: number): Float32Array {
  const paired = new Float32Array(values.length);
  const half = values.length / width / heads / 2;
  for (let head = 0; head < heads; head++) {
    for (let side = 0; side < 2; side++) {
      for (let i = 0; i < half; i++) {
        const from = (head * 2 + side) * half + i;
        const to = head * 2 * half + 2 * i + side;
        paired.set(values.subarray(from * width, (from + 1) * width), to * width);
      }
    }
  }
  return paired;
}
