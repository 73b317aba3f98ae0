# PyTorch on one thread: one JSON command a line in, one JSON answer a line out. "cold" as argument: one step, then ends.
import base64
import json
import sys
import time

import torch

torch.set_num_threads(1)


def matrix(text, *shape):
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.float32).reshape(shape)


def network(sizes):
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def network_with(sizes, weights):
    net = network(sizes)
    with torch.no_grad():
        for layer, (inputs, outputs, weight) in enumerate(zip(sizes, sizes[1:], weights)):
            net[2 * layer].weight.copy_(matrix(weight, inputs, outputs).T)
            net[2 * layer].bias.zero_()
    return net


def trainer(net, batches):
    """A function (batch's index) → loss, as a tensor."""
    binary = net[-1].out_features == 1
    loss_of = torch.nn.BCEWithLogitsLoss() if binary else torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)

    def step(index):
        x, y = batches[index]
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(net(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


class Commands:
    """What is being measured: `call(turn)`, and the tensor that it filled last."""

    turn = 0

    def about(self, **_):
        return {"version": torch.__version__, "python": sys.version.split()[0], "cpu": cpu_capability()}

    def product(self, m, n, k, transposeA, transposeB, a, b, **_):
        a = matrix(a, k, m).T if transposeA else matrix(a, m, k)
        b = matrix(b, n, k).T if transposeB else matrix(b, k, n)
        self.result = torch.full((m, n), float("nan"))
        self.call = lambda turn: torch.mm(a, b, out=self.result)

    def training(self, sizes, batch, weights, batches, **_):
        kind = torch.float32 if sizes[-1] == 1 else torch.int64
        shape = (batch, 1) if sizes[-1] == 1 else (batch,)
        data = [(matrix(b["x"], batch, sizes[0]), torch.tensor(b["y"], dtype=kind).reshape(shape)) for b in batches]
        self.train_step = trainer(network_with(sizes, weights), data)
        self.call = lambda turn: self.train_step(turn % len(data)).item()

    def inference(self, sizes, batch, weights, x, **_):
        net = network_with(sizes, weights).eval()
        x = matrix(x, batch, sizes[0])

        def call(turn):
            with torch.inference_mode():
                self.result = net(x)

        self.call = call

    def run(self, **_):
        self.call(0)

    def step(self, index, **_):
        return self.train_step(index).item()

    def read(self, **_):
        return base64.b64encode(self.result.contiguous().numpy().tobytes()).decode()

    def time(self, calls, **_):
        cpu, wall = time.process_time(), time.perf_counter()
        for self.turn in range(self.turn + 1, self.turn + 1 + calls):
            self.call(self.turn)
        return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def cpu_capability():
    return next((line.split(":")[-1].strip() for line in torch.__config__.show().split("\n") if "capability" in line), "")


if sys.argv[1:] == ["cold"]:
    torch.manual_seed(1)
    trainer(network([784, 128, 10]), [(torch.rand(32, 784), torch.randint(0, 10, (32,)))])(0)
    sys.exit()

commands = Commands()
for line in sys.stdin:
    values = json.loads(line)
    try:
        answer = {"value": getattr(commands, values.pop("command"))(**values)}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
