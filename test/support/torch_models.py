"""Networks in safetensors files, as PyTorch computes them.

    torch_models.py FOLDER        for each NAME.safetensors of lanegrad's beside NAME.json with its rows x: loads it into the PyTorch
                                  module that its metadata describe; writes NAME.torch.safetensors with new weights for that module,
                                  drawn by PyTorch, and for a chain NAME.named.safetensors with other names for them; prints the
                                  outputs of both as JSON
    torch_models.py --fixture FILE  writes test/fixtures/torch.safetensors
"""
import json
import pathlib
import struct
import sys

import torch
from torch import nn

DTYPES = {"F32": torch.float32, "F64": torch.float64}
ACTIVATIONS = {
    "relu": nn.ReLU,
    "leakyRelu": lambda alpha=0.01: nn.LeakyReLU(alpha),
    "elu": lambda alpha=1: nn.ELU(alpha),
    "selu": nn.SELU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "geluTanh": lambda: nn.GELU(approximate="tanh"),
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "softmax": lambda: nn.Softmax(dim=-1),
}


def read(path):
    file = bytearray(path.read_bytes())
    (length,) = struct.unpack("<Q", file[:8])
    header = json.loads(file[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    data = file[8 + length :]
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = torch.frombuffer(data[begin:end], dtype=DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors, metadata


def write(path, tensors, metadata={}):
    header, data = {"__metadata__": metadata}, b""
    # By name, as the safetensors library of Python writes them.
    for name, tensor in sorted(tensors.items()):
        dtype = next(key for key, value in DTYPES.items() if value == tensor.dtype)
        elements = tensor.detach().contiguous().numpy().tobytes()
        header[name] = {
            "dtype": dtype,
            "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(elements)],
        }
        data += elements
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def activation(spec):
    options = {"type": spec} if isinstance(spec, str) else dict(spec)
    name = options.pop("type")
    return [] if name == "identity" else [ACTIVATIONS[name](**options)]


def linear(inputs, layer):
    return nn.Linear(inputs, layer["units"], bias=layer["options"].get("bias", True))


class Chain(nn.Sequential):
    def __init__(self, inputs, layers):
        modules = []
        for layer in layers:
            if layer["kind"] == "dropout":
                modules.append(nn.Dropout(layer["rate"]))
            else:
                modules += [linear(inputs, layer), *activation(layer["activation"])]
                inputs = layer["units"]
        super().__init__(*modules)


class Graph(nn.ModuleDict):
    """Linear modules by the names of the nodes."""

    def __init__(self, inputs, nodes, outputs):
        super().__init__()
        self.inputs, self.nodes, self.outputs = inputs, nodes, outputs
        for name, (layer, *_) in nodes.items():
            if layer["kind"] == "dense":
                self[name] = linear(sum(map(self.width, nodes[name][1:])), layer)

    def width(self, name):
        if name in self.inputs:
            return self.inputs[name]
        layer, *sources = self.nodes[name]
        if layer["kind"] == "dense":
            return layer["units"]
        widths = [self.width(source) for source in sources]
        return sum(widths) if layer["kind"] == "concatenate" else widths[0]

    def value(self, name, known):
        if name not in known:
            layer, *sources = self.nodes[name]
            values = [self.value(source, known) for source in sources]
            if layer["kind"] == "dense":
                known[name] = nn.Sequential(self[name], *activation(layer["activation"]))(values[0])
            elif layer["kind"] == "add":
                known[name] = sum(values)
            else:
                known[name] = torch.cat(values, dim=1)
        return known[name]

    def forward(self, x):
        known = dict(zip(self.inputs, x.split(list(self.inputs.values()), dim=1)))
        return self.value(self.outputs, known)


def model_of(network):
    if "graph" in network:
        return Graph(**network["graph"])
    return Chain(network["inputs"], network["layers"])


def outputs_of(model, x, network):
    means, deviations = network.get("standardization", [[0], [1]])
    rows = (torch.tensor(x, dtype=torch.float64) - torch.tensor(means)) / torch.tensor(deviations)
    with torch.no_grad():
        return model(rows.to(next(model.parameters()).dtype)).flatten().tolist()


def compute(path):
    tensors, metadata = read(path)
    network = json.loads(metadata["network"])
    x = json.loads(path.with_suffix(".json").read_text())
    model = model_of(network).to(next(iter(tensors.values())).dtype).eval()
    fresh = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    outputs = outputs_of(model, x, network)
    write(path.with_suffix(".torch.safetensors"), fresh)
    if isinstance(model, Chain):
        linears = [module for module in model if isinstance(module, nn.Linear)]
        named = nn.ModuleDict({f"fc{number}": module for number, module in enumerate(linears, 1)})
        write(path.with_suffix(".named.safetensors"), nn.ModuleDict({"model": named}).state_dict())
    model.load_state_dict(tensors, strict=True)
    return {"fresh": outputs, "loaded": outputs_of(model, x, network)}


def write_fixture(path):
    model = nn.Sequential(nn.Linear(3, 4), nn.GELU(), nn.Dropout(0.5), nn.Linear(4, 5, bias=False), nn.ELU(0.5), nn.Linear(5, 2))
    x = torch.randn(6, 3)
    with torch.no_grad():
        outputs = model.eval()(x)
    metadata = {name: json.dumps(rows.tolist()) for name, rows in {"x": x, "outputs": outputs}.items()}
    write(path, {f"net.{name}": tensor for name, tensor in model.state_dict().items()}, metadata)


if __name__ == "__main__":
    torch.manual_seed(1)
    if sys.argv[1] == "--fixture":
        write_fixture(pathlib.Path(sys.argv[2]))
    else:
        files = [path for path in sorted(pathlib.Path(sys.argv[1]).glob("*.safetensors")) if path.name.count(".") == 1]
        print(json.dumps({path.stem: compute(path) for path in files}))
