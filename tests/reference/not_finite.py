# SPDX-License-Identifier: Apache-2.0
"""What PyTorch makes of numbers that are not finite: prints the tables in not_finite.cpp."""
import torch
from torch.nn import functional as F

nan, inf = float("nan"), float("inf")
FUNCTIONS = {
    "relu": F.relu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.125),
    "relu6": F.relu6,
    "elu": F.elu,
    "sigmoid": torch.sigmoid,
    "hard_sigmoid": F.hardsigmoid,
    "hard_swish": F.hardswish,
}
ARGUMENTS = [nan, inf, -inf, -1.5, 2.5, 7, -1.5, 2.5, 7]
GRADIENTS = [2, 2, 2, 2, 2, 2, nan, nan, nan]
LOGITS = [[nan, 1, 2], [1, 2, nan], [inf, 1, 2], [1, inf, inf], [-inf, 1, 2], [-inf, -inf, 2], [-inf, -inf, -inf]]


def listed(values):
    return "{" + ", ".join(f"{value:.8g}" for value in values) + "}"


for name, function in FUNCTIONS.items():
    x = torch.tensor(ARGUMENTS, requires_grad=True)
    y = function(x)
    y.backward(torch.tensor(GRADIENTS))
    print(f"{{activation::{name}, {listed(y.tolist())}, {listed(x.grad.tolist())}}},")
for logits in LOGITS:
    losses, gradients = [], []
    for label in range(3):
        x = torch.tensor([logits], dtype=torch.float64, requires_grad=True)
        loss = F.cross_entropy(x, torch.tensor([label]))
        loss.backward()
        losses.append(loss.item())
        gradients += x.grad[0].tolist()
    shares = F.softmax(torch.tensor([logits], dtype=torch.float64), 1)[0].tolist()
    print(f"{{{listed(logits)}, {listed(shares)}, {listed(losses)}, {listed(gradients)}}},")
