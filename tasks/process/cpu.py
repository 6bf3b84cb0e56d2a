"""The abilities of this machine's CPU."""


def is_bfloat16_fast() -> bool:
    """Whether it multiplies bfloat16 itself, and so faster than float32."""
    import torch  # takes seconds, so only what needs it does

    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))
