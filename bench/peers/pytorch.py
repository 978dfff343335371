"""PyTorch, eager: python pytorch.py <network> <batch> <threads> <cpu|gpu>."""
import sys

import torch
import torch.nn.functional as F
from torch import nn

from protocol import serve

IMAGE_SHAPES = {'simple-cnn': (1, 28, 28), 'lenet-5': (1, 28, 28), 'resnet-20': (3, 32, 32), 'mobilenet': (3, 32, 32)}


def simple_cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(32 * 13 * 13, 64), nn.ReLU(), nn.Linear(64, 10),
    )


def lenet_5():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10),
    )


def normalized(inputs, outputs, kernel, stride=1, groups=1):
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs))


class BasicBlock(nn.Module):
    """With the shortcut of option A."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = normalized(inputs, outputs, 3, stride)
        self.second = normalized(outputs, outputs, 3)
        self.stride = stride
        self.missing = outputs - inputs

    def forward(self, x):
        y = self.second(F.relu(self.first(x)))
        if self.missing:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.missing // 2, self.missing // 2))
        return F.relu(y + x)


def resnet_20():
    layers = [normalized(3, 16, 3), nn.ReLU()]
    inputs = 16
    for outputs in (16, 32, 64):
        for _ in range(3):
            layers.append(BasicBlock(inputs, outputs, 1 if inputs == outputs else 2))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def mobilenet():
    layers = [normalized(3, 32, 3), nn.ReLU()]
    inputs = 32
    plan = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]
    for outputs, stride in plan:
        layers += [normalized(inputs, inputs, 3, stride, groups=inputs), nn.ReLU()]
        layers += [normalized(inputs, outputs, 1), nn.ReLU()]
        inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1024, 10))


def main(name, batch, threads, device):
    if device == 'gpu' and not torch.cuda.is_available():
        sys.exit('torch finds no GPU')
    where = torch.device('cuda' if device == 'gpu' else 'cpu')
    # Both sides compute in float32.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    networks = {'simple-cnn': simple_cnn, 'lenet-5': lenet_5, 'resnet-20': resnet_20, 'mobilenet': mobilenet}
    network = networks[name]().to(where)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001)
    images = torch.rand(8 * batch, *IMAGE_SHAPES[name])
    labels = torch.arange(8 * batch) % 10

    def train(steps):
        for step in range(steps):
            start = step % 8 * batch
            optimizer.zero_grad()
            loss = F.cross_entropy(
                network(images[start:start + batch].to(where)), labels[start:start + batch].to(where)
            )
            loss.backward()
            optimizer.step()
        if device == 'gpu':
            torch.cuda.synchronize()

    serve(
        train,
        batch,
        device=f'PyTorch {torch.__version__}, eager, {describe(device)}',
        parameters=sum(weight.numel() for weight in network.parameters()),
    )


def describe(device):
    if device == 'gpu':
        return f'GPU ({torch.cuda.get_device_name()})'
    return f'CPU ({torch.get_num_threads()} threads)'


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
