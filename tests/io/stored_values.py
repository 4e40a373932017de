# SPDX-License-Identifier: Apache-2.0
"""Makes stored_values.safetensors: values of each type of float, and what PyTorch's .float() makes of them.

stored_values.py FOLDER    needs PyTorch and safetensors
"""
import os
import sys

import torch
from safetensors.torch import save_file

half = [0x0000, 0x8000, 0x0001, 0x8001, 0x03FF, 0x0400, 0x83FF, 0x8400, 0x3C00, 0xBC00, 0x3555, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7E00]
brain = [0x0000, 0x8000, 0x0001, 0x807F, 0x0080, 0x3F80, 0xBF80, 0x3EAB, 0x7F7F, 0xFF7F, 0x7F80, 0xFF80, 0x7FC0]
double = [0.0, -0.0, 1.0, 0.1, -1 / 3, 1 + 2**-24, 1 + 2**-24 + 2**-50, 1 + 3 * 2**-24, 2**-126, 2**-149, 2**-150, 2**-150 + 2**-190,
          -(2**-127) * 1.3, 2**-1074, 3.4028234663852886e38, 3.4028235677973362e38, 3.4028235677973366e38, -1e300, float("inf"),
          float("-inf"), float("nan")]


def bits(values, dtype):
    return torch.tensor([v - 65536 if v >= 32768 else v for v in values], dtype=torch.int16).view(dtype)


tensors = {"F16": bits(half, torch.float16), "BF16": bits(brain, torch.bfloat16), "F64": torch.tensor(double, dtype=torch.float64)}
tensors |= {name + ".float": tensor.float() for name, tensor in tensors.items()}
save_file(tensors, os.path.join(sys.argv[1], "stored_values.safetensors"))
