"""config.json as the hub has it and what transformers makes of it -> workers/models/llava/fixtures/configs.json.

The files leave out what equals a default, each in its own way; `resolved` is what transformers fills in.
"""

import json
import tempfile
from pathlib import Path

from transformers import AutoConfig

OUT = Path(__file__).parents[2] / "workers/models/llava/fixtures/configs.json"

VISION = {
    "hidden_size": 1024, "image_size": 336, "intermediate_size": 4096, "model_type": "clip_vision_model",
    "num_attention_heads": 16, "num_hidden_layers": 24, "patch_size": 14, "projection_dim": 768, "vocab_size": 32000,
}  # fmt: skip
LLAVA = {
    "architectures": ["LlavaForConditionalGeneration"], "ignore_index": -100, "image_token_index": 32000, "model_type": "llava",
    "pad_token_id": 32001, "projector_hidden_act": "gelu", "torch_dtype": "float16", "vision_config": VISION,
    "vision_feature_layer": -2, "vision_feature_select_strategy": "default", "vocab_size": 32064,
}  # fmt: skip
VICUNA = {
    "_name_or_path": "lmsys/vicuna-7b-v1.5", "architectures": ["LlamaForCausalLM"], "max_position_embeddings": 4096,
    "model_type": "llama", "rms_norm_eps": 1e-05, "torch_dtype": "float16", "vocab_size": 32064,
}  # fmt: skip
TINY = {
    "_name_or_path": "TinyLlama/TinyLlama-1.1B-Chat-v1.0", "architectures": ["LlamaForCausalLM"], "hidden_size": 2048,
    "intermediate_size": 5632, "model_type": "llama", "num_hidden_layers": 22, "num_key_value_heads": 4, "rms_norm_eps": 1e-05,
    "torch_dtype": "float32", "vocab_size": 32064,
}  # fmt: skip
MISTRAL = {
    "_name_or_path": "mistralai/Mistral-7B-Instruct-v0.2", "architectures": ["MistralForCausalLM"], "intermediate_size": 14336,
    "max_position_embeddings": 32768, "model_type": "mistral", "num_key_value_heads": 8, "rms_norm_eps": 1e-05,
    "rope_theta": 1000000.0, "sliding_window": None, "torch_dtype": "bfloat16", "vocab_size": 32064,
}  # fmt: skip
NEXT = LLAVA | {
    "architectures": ["LlavaNextForConditionalGeneration"], "model_type": "llava_next", "use_image_newline_parameter": True,
    "image_grid_pinpoints": [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]], "tie_word_embeddings": False,
}  # fmt: skip
LLAMA_3 = {
    "_name_or_path": "meta-llama/Meta-Llama-3-8B-Instruct", "architectures": ["LlamaForCausalLM"], "intermediate_size": 14336,
    "max_position_embeddings": 8192, "model_type": "llama", "num_key_value_heads": 8, "rms_norm_eps": 1e-05, "rope_theta": 500000.0,
    "torch_dtype": "float16", "vocab_size": 128320,
}  # fmt: skip
VICUNA_13B = VICUNA | {"hidden_size": 5120, "intermediate_size": 13824, "num_attention_heads": 40, "num_hidden_layers": 40, "num_key_value_heads": 40}
SIGLIP = {
    "hidden_size": 1152, "image_size": 384, "intermediate_size": 4304, "model_type": "siglip_vision_model", "num_attention_heads": 16,
    "num_hidden_layers": 26, "patch_size": 14, "vision_use_head": False,
}  # fmt: skip
QWEN = {
    "_name_or_path": "Qwen/Qwen1.5-0.5B-Chat", "architectures": ["Qwen2ForCausalLM"], "bos_token_id": 151643, "eos_token_id": 151645,
    "hidden_size": 1024, "intermediate_size": 2816, "max_position_embeddings": 32768, "max_window_layers": 21, "model_type": "qwen2",
    "num_attention_heads": 16, "num_hidden_layers": 24, "num_key_value_heads": 16, "rope_theta": 1000000.0, "sliding_window": 32768,
    "tie_word_embeddings": True, "torch_dtype": "bfloat16", "vocab_size": 152000,
}  # fmt: skip
QWEN2 = QWEN | {
    "_name_or_path": "Qwen/Qwen2-0.5B-Instruct", "hidden_size": 896, "intermediate_size": 4864, "max_window_layers": 24,
    "num_attention_heads": 14, "num_key_value_heads": 2,
}  # fmt: skip
INTERLEAVE = LLAVA | {
    "image_token_index": 151646, "text_config": QWEN, "vision_config": SIGLIP, "vision_feature_layer": -1,
    "vision_feature_select_strategy": "full",
}  # fmt: skip
ONEVISION = {
    "architectures": ["LlavaOnevisionForConditionalGeneration"], "image_token_index": 151646, "model_type": "llava_onevision",
    "projector_hidden_act": "gelu", "text_config": QWEN2, "use_image_newline_parameter": True, "video_token_index": 151647,
    "vision_aspect_ratio": "anyres_max_9", "vision_config": SIGLIP, "vision_feature_layer": -1, "vision_feature_select_strategy": "full",
    "image_grid_pinpoints": [[384, 384], [384, 768], [768, 384], [768, 768]],
}  # fmt: skip


def without(config: dict, *keys: str) -> dict:
    return {key: value for key, value in config.items() if key not in keys}


LAYOUTS = {
    "llava-1.5-7b": LLAVA | {"text_config": VICUNA},
    "tiny-llava": LLAVA | {"text_config": TINY},
    "llava-v1.6-mistral-7b": NEXT | {"text_config": MISTRAL},
    "llava-v1.6-vicuna-7b": NEXT | {"text_config": VICUNA},
    "no vision_config": without(LLAVA, "vision_config") | {"text_config": VICUNA},
    "no text_config": LLAVA,
    "LLaVA-NeXT without a grid": without(NEXT, "image_grid_pinpoints", "vision_config") | {"text_config": MISTRAL},
    "Mistral without a word of its window": NEXT | {"text_config": without(MISTRAL, "sliding_window")},
    "image_token_id": without(LLAVA, "image_token_index") | {"image_token_id": 31999, "text_config": VICUNA},
    "llava-1.5-13b": LLAVA | {"text_config": VICUNA_13B},
    "llava-llama-3-8b": LLAVA | {"image_token_index": 128256, "text_config": LLAMA_3},
    "llava-interleave-qwen-0.5b": INTERLEAVE,
    "Qwen2 that leaves out its sizes": INTERLEAVE | {"text_config": {"model_type": "qwen2"}},
    "Qwen2 with a window in use": INTERLEAVE | {"text_config": QWEN | {"sliding_window": 4096, "use_sliding_window": True}},
    "SigLIP that leaves out its sizes, its last layer unused": INTERLEAVE | {"vision_config": {"model_type": "siglip_vision_model"}, "vision_feature_layer": -2},
    "llava-onevision-qwen2-0.5b": ONEVISION,
    "LLaVA-OneVision that says nothing": {"architectures": ["LlavaOnevisionForConditionalGeneration"], "model_type": "llava_onevision"},
    "LLaVA-OneVision without the types of its parts": ONEVISION | {"text_config": without(QWEN2, "model_type"), "vision_config": without(SIGLIP, "model_type")},
    "the whole tower and its class token": LLAVA | {"text_config": VICUNA, "vision_feature_layer": -1, "vision_feature_select_strategy": "full"},
}


def resolved(config) -> dict:
    text, vision = config.text_config, config.vision_config
    window = getattr(text, "sliding_window", None)
    decoder = {
        "hiddenSize": text.hidden_size, "intermediateSize": text.intermediate_size, "numLayers": text.num_hidden_layers,
        "numHeads": text.num_attention_heads, "numKvHeads": text.num_key_value_heads,
        "headSize": getattr(text, "head_dim", text.hidden_size // text.num_attention_heads),
        "rmsNormEps": text.rms_norm_eps, "ropeTheta": text.rope_parameters["rope_theta"],
        # Within the window attention is as without one.
        "maxPositions": min(text.max_position_embeddings, window or text.max_position_embeddings),
        # In the class, whatever the file says.
        "qkvBias": text.model_type == "qwen2", "tiedHead": bool(config.tie_word_embeddings or text.tie_word_embeddings),
    }  # fmt: skip
    is_clip = vision.model_type == "clip_vision_model"
    tower = {
        "hiddenSize": vision.hidden_size, "intermediateSize": vision.intermediate_size, "numLayers": vision.num_hidden_layers,
        "numHeads": vision.num_attention_heads, "imageSize": vision.image_size, "patchSize": vision.patch_size,
        "layerNormEps": vision.layer_norm_eps, "activation": vision.hidden_act,
        "layersUsed": vision.num_hidden_layers + 1 + config.vision_feature_layer,
        "classToken": "none" if not is_clip else "kept" if config.vision_feature_select_strategy == "full" else "dropped",
        "patchBias": not is_clip, "preNorm": is_clip, "postNorm": False,
    }  # fmt: skip
    connector = {
        "inSize": vision.hidden_size, "outSize": text.hidden_size,
        "activation": config.projector_hidden_act, "bias": config.multimodal_projector_bias,
    }  # fmt: skip
    sizes = {
        "modelType": config.model_type, "decoder": decoder, "tower": tower, "connector": connector,
        "imageTokenId": config.image_token_id,
    }  # fmt: skip
    return {"config": sizes, "gridPinpoints": getattr(config, "image_grid_pinpoints", [])}


def main() -> None:
    cases = []
    for name, layout in LAYOUTS.items():
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "config.json"
            file.write_text(json.dumps(layout))
            config = AutoConfig.from_pretrained(folder)
            cases.append({"name": name, "json": layout, "resolved": resolved(config)})
            # The same file as transformers writes it again: everything is said, some of it under new names.
            config.save_pretrained(folder)
            cases.append({"name": f"{name}, written by transformers 5", "json": json.loads(file.read_text()), "resolved": resolved(config)})
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
