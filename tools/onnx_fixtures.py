"""Multilayer perceptrons as PyTorch's exporter writes them, with rows and what PyTorch computes from them.

Writes test/fixtures/onnx/*.onnx and outputs.json there; taken with Debian 12's python3-torch (1.13) and python3-onnx (1.12).
"""

import json
from pathlib import Path

import onnx
import torch
from torch import nn

FOLDER = Path(__file__).parent.parent / "test" / "fixtures" / "onnx"


class Product(nn.Module):
    """Products and biases apart, as MatMul and Add."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.second = nn.Linear(4, 2)

    def forward(self, x):
        hidden = torch.tanh(x @ self.first.weight.T + self.first.bias)
        return hidden @ self.second.weight.T + self.second.bias


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(3, 4)
        self.inner = nn.Linear(4, 4)
        self.last = nn.Linear(7, 2)

    def forward(self, x):
        hidden = torch.relu(self.hidden(x))
        return self.last(torch.cat([hidden + torch.tanh(self.inner(hidden)), x], 1))


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([1.0, -2.0, 0.5]))
        self.register_buffer("deviation", torch.tensor([2.0, 0.25, 3.0]))
        self.linear = nn.Linear(3, 2)

    def forward(self, x):
        return torch.sigmoid(self.linear((x - self.mean) / self.deviation))


class Pixels(nn.Module):
    """Standardized in three steps, flattened by the number of rows, and a GELU written by hand."""

    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(6, 4)
        self.last = nn.Linear(4, 2)

    def forward(self, x):
        x = x.view(x.size(0), -1)
        hidden = self.hidden((x / 255 - 0.1307) / 0.3081)
        inner = (2 / torch.pi) ** 0.5 * (hidden + 0.044715 * torch.pow(hidden, 3))
        return self.last(0.5 * hidden * (1 + torch.tanh(inner)))


ACTIVATIONS = {
    "relu": nn.ReLU(),
    "leakyRelu": nn.LeakyReLU(0.2),
    "elu": nn.ELU(0.7),
    "selu": nn.SELU(),
    "sigmoid": nn.Sigmoid(),
    "tanh": nn.Tanh(),
    "gelu": nn.GELU(),
    "geluTanh": nn.GELU(approximate="tanh"),
    "silu": nn.SiLU(),
    "softplus": nn.Softplus(),
    "softmax": nn.Softmax(1),
}


def models():
    for name, activation in ACTIVATIONS.items():
        yield name, nn.Sequential(nn.Linear(3, 4), activation, nn.Linear(4, 2, bias=name != "relu")), (3,)
    yield "classifier", nn.Sequential(nn.Flatten(), nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3), nn.Softmax(-1)), (2, 3)
    yield "double", nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.25), nn.Linear(4, 1)).double(), (3,)
    yield "product", Product(), (3,)
    yield "residual", Residual(), (3,)
    yield "scaled", Scaled(), (3,)
    yield "pixels", Pixels(), (2, 3)


def main():
    FOLDER.mkdir(exist_ok=True)
    outputs = {}
    for seed, (name, model, shape) in enumerate(models()):
        torch.manual_seed(seed)
        for parameter in model.parameters():
            nn.init.uniform_(parameter, -1, 1)
        dtype = next(model.parameters()).dtype
        x = torch.randn(5, *shape, dtype=dtype)
        path = FOLDER / f"{name}.onnx"
        torch.onnx.export(
            model.eval(), x, path, opset_version=14, input_names=["x"], dynamic_axes={"x": {0: "batch"}}
        )
        onnx.checker.check_model(onnx.load(path), full_check=True)
        with torch.no_grad():
            outputs[name] = {"x": x.flatten().tolist(), "y": model(x).flatten().tolist()}
    (FOLDER / "outputs.json").write_text(json.dumps(outputs, indent=1) + "\n")


if __name__ == "__main__":
    main()
