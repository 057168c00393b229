"""The network: a very small LlavaForConditionalGeneration, and the pieces that training needs of it."""

import torch
from torch import nn
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

from icons import ICONS
from pictures import GRID, PATCH, SIZE

BOS, EOS, IMAGE, PAD = 1, 2, 3, 4
IMAGE_TOKENS = GRID * GRID
VOCABULARY = 2048
WIDTH = 192
MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 3, 1, 1)
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 3, 1, 1)


def make_config() -> LlavaConfig:
    vision = CLIPVisionConfig(
        hidden_size=WIDTH, intermediate_size=512, num_hidden_layers=5, num_attention_heads=3,
        image_size=SIZE, patch_size=PATCH, projection_dim=WIDTH, hidden_act="quick_gelu", layer_norm_eps=1e-5,
    )  # fmt: skip
    text = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=WIDTH, intermediate_size=512, num_hidden_layers=5,
        num_attention_heads=6, num_key_value_heads=2, head_dim=WIDTH // 6, max_position_embeddings=512,
        rms_norm_eps=1e-5, rope_theta=10000.0, hidden_act="silu", tie_word_embeddings=False,
        bos_token_id=BOS, eos_token_id=EOS, pad_token_id=PAD, attention_bias=False, mlp_bias=False,
    )  # fmt: skip
    return LlavaConfig(
        vision_config=vision, text_config=text, image_token_index=IMAGE, image_seq_length=IMAGE_TOKENS,
        projector_hidden_act="gelu", vision_feature_layer=-2, vision_feature_select_strategy="default",
        multimodal_projector_bias=True, tie_word_embeddings=False, bos_token_id=BOS, eos_token_id=EOS, pad_token_id=PAD,
    )  # fmt: skip


def new_model(seed: int) -> LlavaForConditionalGeneration:
    """Fresh weights: Xavier for matrices, halved where a block writes to the residual stream."""
    torch.manual_seed(seed)
    model = LlavaForConditionalGeneration(make_config())
    writers = ("o_proj.weight", "down_proj.weight", "out_proj.weight", "fc2.weight")
    for name, weight in model.named_parameters():
        if "embed_tokens" in name:
            nn.init.normal_(weight, std=0.05)
        elif "lm_head" in name or "patch_embedding" in name or "position_embedding" in name:
            nn.init.normal_(weight, std=0.02)
        elif weight.dim() == 2:
            nn.init.normal_(weight, std=(2 / sum(weight.shape)) ** 0.5 * (0.5 if name.endswith(writers) else 1))
    return model


def normalise(pictures: torch.Tensor) -> torch.Tensor:
    """uint8 [batch, height, width, 3] -> what CLIP expects."""
    return (pictures.permute(0, 3, 1, 2).float() / 255 - MEAN) / STD


def image_features(model: LlavaForConditionalGeneration, pixels: torch.Tensor) -> torch.Tensor:
    """[batch, 36, 192] features of the layer that LLaVA reads, without the class token."""
    output = model.model.vision_tower(pixels, output_hidden_states=True)
    return output.hidden_states[model.config.vision_feature_layer][:, 1:]


def language_states(
    model: LlavaForConditionalGeneration,
    features: torch.Tensor,
    tokens: torch.Tensor,
    positions: torch.Tensor,
    mask: torch.Tensor,
) -> torch.Tensor:
    """Last hidden states, with the projected features in place of the image tokens."""
    embedded = model.model.language_model.embed_tokens(tokens)
    projected = model.model.multi_modal_projector(features)
    is_image = (tokens == IMAGE).unsqueeze(-1).expand_as(embedded)
    embedded = embedded.masked_scatter(is_image, projected)
    return model.model.language_model(
        inputs_embeds=embedded, attention_mask=mask, position_ids=positions, use_cache=False
    ).last_hidden_state


class PatchHead(nn.Module):
    """Helper of training only: which icon covers each patch, and the colour of the background."""

    def __init__(self, backgrounds: int):
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.icon = nn.Linear(WIDTH, len(ICONS) + 1)
        self.background = nn.Linear(WIDTH, backgrounds)

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.norm(features)
        return self.icon(features), self.background(features)


def patch_loss(icon_logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Cross entropy over patches; background patches are many, so they count little."""
    weights = torch.ones(len(ICONS) + 1)
    weights[0] = 0.15
    return nn.functional.cross_entropy(icon_logits.flatten(0, 1), labels.flatten(), weights)
