# SPDX-License-Identifier: Apache-2.0
"""Runs small networks in PyTorch and writes what comes out as golden files; see README.md."""

import os
import zlib

import torch
from safetensors.torch import save_file
from torch import nn

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)

# PyTorch's own rounding: how far its float results may be from double before a case is too ill-conditioned to be golden.
CONDITION = 1e-5


def relative_difference(found, expected):
    """The greatest difference over the greatest magnitude expected."""
    magnitude = expected.abs().max().item()
    difference = (found.double() - expected.double()).abs().max().item()
    return difference if magnitude == 0 else difference / magnitude


def seed(name):
    torch.manual_seed(zlib.crc32(name.encode()))


def randomize(module):
    """Gives norms something to do: scales, shifts and running statistics that are not 1 and 0."""
    for each in module.modules():
        if isinstance(each, nn.modules.batchnorm._BatchNorm):
            nn.init.uniform_(each.weight, 0.5, 1.5)
            nn.init.uniform_(each.bias, -0.5, 0.5)
            each.running_mean.uniform_(-0.5, 0.5)
            each.running_var.uniform_(0.5, 1.5)


def as_tuple(outputs):
    return outputs if isinstance(outputs, tuple) else (outputs,)


class Recorder:
    """Collects cases, each a few tensors whose names begin with the case's."""

    def __init__(self, family):
        self.path = os.path.join(os.path.dirname(os.path.abspath(__file__)), family + ".safetensors")
        self.tensors = {}

    def case(self, name, build, inputs, loss=None, targets=None, optimizer=None, steps=1, learning_rate=0.05,
             condition=CONDITION, nudges=0, prepare=randomize):
        """Records a case.

        `build` makes the module; `inputs` are shapes. `loss` takes the tuple of outputs and that of targets; without
        it, it is the mean square of the only output. `targets` takes the outputs and makes targets; without it they
        are normal numbers. `optimizer` takes parameters and a learning rate; without it, it is contiguous SGD. `prepare`
        gives the module its first values, where PyTorch's are not wanted.

        A case whose float results are further than `condition` from double is refused: in a large network a value may
        lie so near a kink (of a ReLU, of a pooling) that rounding decides on which side. With `nudges`, so many times
        all weights and inputs are moved by a few roundings; random numbers are drawn again until nothing tips over.
        """
        loss = loss or (lambda outputs, wanted: nn.functional.mse_loss(outputs[0], wanted[0]))
        targets = targets or (lambda outputs: [torch.randn_like(output) for output in outputs])
        optimizer = optimizer or torch.optim.SGD
        for attempt in range(100 if nudges else 1):
            seed(f"{name} {attempt}" if attempt else name)
            module = build()
            prepare(module)
            x = [torch.randn(extents) for extents in inputs]
            with torch.no_grad():
                wanted = targets(as_tuple(module.eval()(*x)))
            start = {key: value.clone() for key, value in module.state_dict().items()}

            def results(real, nudge=0.0):
                def near(value):
                    if not value.is_floating_point():
                        return value
                    value = value.to(real)
                    return value * (1 + nudge * torch.randn(value.shape, dtype=real)) if nudge else value

                module.to(real)
                module.load_state_dict({key: near(value) for key, value in start.items()})
                given = [each.to(real) if each.is_floating_point() else each for each in wanted]
                return self.run(module, [near(each) for each in x], given, loss, optimizer, steps, learning_rate)

            recorded, exact = results(torch.float32), results(torch.float64)
            problem = self.difference(recorded, exact, condition)
            for _ in range(nudges):
                problem = problem or self.difference(results(torch.float64, 1e-6), exact, 10 * condition)
            if not problem:
                break
        else:
            raise SystemExit(f"{name}: {problem}")

        tensors = {f"input.{i}": each for i, each in enumerate(x)}
        for i, each in enumerate(wanted):
            tensors[f"target.{i}"] = each if each.is_floating_point() else each.to(torch.int32)
        tensors.update({"weight/" + key: value for key, value in start.items() if value.is_floating_point()})
        tensors.update(recorded)
        tensors["learning_rate"] = torch.tensor([learning_rate])
        for key, value in tensors.items():
            self.tensors[f"{name}/{key}"] = value.clone().contiguous()

    @staticmethod
    def difference(found, expected, condition):
        """Says what is further from what is expected than `condition`, if anything is."""
        for key, value in expected.items():
            apart = relative_difference(found[key], value)
            if not apart <= condition:
                return f"{key} is {apart} away from double"
        return None

    @staticmethod
    def run(module, x, wanted, loss, optimizer, steps, learning_rate):
        made = {}
        with torch.no_grad():
            for i, output in enumerate(as_tuple(module.eval()(*x))):
                made[f"output.{i}"] = output
        module.train()
        rule = optimizer(module.parameters(), lr=learning_rate)
        losses = []
        for step in range(steps):
            rule.zero_grad()
            value = loss(as_tuple(module(*x)), wanted)
            value.backward()
            losses.append(value.item())
            if step == 0:
                # A frozen parameter has none.
                made.update({"gradient/" + key: torch.zeros_like(each) if each.grad is None else each.grad.clone()
                             for key, each in module.named_parameters()})
            rule.step()
        made["losses"] = torch.tensor(losses, dtype=x[0].dtype)
        made.update({"after/" + key: each.clone() for key, each in module.state_dict().items()
                     if each.is_floating_point()})
        return made

    def save(self):
        save_file(self.tensors, self.path)
        print(f"{os.path.basename(self.path)}: {os.path.getsize(self.path)} bytes")
