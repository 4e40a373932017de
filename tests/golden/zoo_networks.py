# SPDX-License-Identifier: Apache-2.0
"""The networks of `tenon/models` in PyTorch, with every hyper-parameter; zoo.py makes golden cases of them."""

import torch
from torch import nn
from torch.nn import functional as F


class BatchNorm(nn.BatchNorm2d):
    """Over one value a channel, the running statistics normalise in training too, and stay."""

    def forward(self, x):
        if self.training and x.shape[0] == x.shape[2] == x.shape[3] == 1:
            return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, False, 0, self.eps)
        return super().forward(x)


def nearest_divisor(channels, groups):
    """The divisor of `channels` nearest to `groups`, the greater of two."""
    divisors = [d for d in range(1, channels + 1) if channels % d == 0]
    return min(divisors, key=lambda d: (abs(d - groups), -d))


def conv_norm(inputs, outputs, kernel=1, stride=1, dilation=1, groups=1, norm="batch", relu=True):
    """A convolution, a norm ("batch", or about how many groups), and perhaps ReLU."""
    padding = dilation * (kernel // 2)
    parts = [nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups, bias=False)]
    parts.append(BatchNorm(outputs) if norm == "batch" else nn.GroupNorm(nearest_divisor(outputs, norm), outputs))
    return nn.Sequential(*parts, *[nn.ReLU()] * relu)


def resize(x, like):
    return F.interpolate(x, like.shape[2:], mode="bilinear", align_corners=False)


def scaled(channels, width):
    return max(8, int(channels * width))


# DeepLab v3+


class Separable(nn.Module):
    """Depthwise and pointwise: ReLU before both, or behind each."""

    def __init__(self, inputs, outputs, stride=1, dilation=1, norm="batch", before=False):
        super().__init__()
        self.before = before
        self.dw = conv_norm(inputs, inputs, 3, stride, dilation, inputs, norm, not before)
        self.pw = conv_norm(inputs, outputs, norm=norm, relu=not before)

    def forward(self, x):
        return self.pw(self.dw(F.relu(x) if self.before else x))


class XceptionBlock(nn.Module):
    """Three separable convolutions; gives what the second gave, too."""

    def __init__(self, inputs, channels, skip, stride=1, dilation=1, norm="batch"):
        super().__init__()
        widths = [inputs, *channels]
        self.seps = nn.ModuleList(Separable(widths[i], widths[i + 1], stride if i == 2 else 1, dilation, norm,
                                            skip != "none") for i in range(3))
        if skip == "conv":
            self.skip = conv_norm(inputs, channels[2], stride=stride, norm=norm, relu=False)
        self.kind = skip

    def forward(self, x):
        second = self.seps[1](self.seps[0](x))
        third = self.seps[2](second)
        if self.kind != "none":
            third = third + (self.skip(x) if self.kind == "conv" else x)
        return third, second


class Xception(nn.Module):
    def __init__(self, norm, middle, width, output_stride):
        super().__init__()
        w = {c: scaled(c, width) for c in (32, 64, 128, 256, 728, 1024, 1536, 2048)}
        deep = 1 if output_stride == 16 else 2
        self.stem1 = conv_norm(3, w[32], 3, 2, norm=norm)
        self.stem2 = conv_norm(w[32], w[64], 3, norm=norm)
        self.e1 = XceptionBlock(w[64], [w[128]] * 3, "conv", 2, 1, norm)
        self.e2 = XceptionBlock(w[128], [w[256]] * 3, "conv", 2, 1, norm)
        self.e3 = XceptionBlock(w[256], [w[728]] * 3, "conv", 2 // deep, 1, norm)
        self.mid = nn.ModuleList(XceptionBlock(w[728], [w[728]] * 3, "sum", 1, deep, norm) for _ in range(middle))
        self.x1 = XceptionBlock(w[728], [w[728], w[1024], w[1024]], "conv", 1, deep, norm)
        self.x2 = XceptionBlock(w[1024], [w[1536], w[1536], w[2048]], "none", 1, 2 * deep, norm)
        self.channels = w

    def forward(self, x):
        x, low = self.e2(self.e1(self.stem2(self.stem1(x)))[0])
        for block in [self.e3, *self.mid, self.x1, self.x2]:
            x = block(x)[0]
        return x, low


class Pyramid(nn.Module):
    """Atrous spatial pyramid pooling."""

    def __init__(self, inputs, outputs, rates, norm):
        super().__init__()
        self.b0 = conv_norm(inputs, outputs, norm=norm)
        self.br = nn.ModuleList(Separable(inputs, outputs, 1, rate, norm) for rate in rates)
        self.pool = conv_norm(inputs, outputs, norm=norm)
        self.proj = conv_norm(outputs * (2 + len(rates)), outputs, norm=norm)

    def forward(self, x):
        pooled = self.pool(x.mean((2, 3), keepdim=True)).expand(-1, -1, *x.shape[2:])
        return self.proj(torch.cat([self.b0(x), *[branch(x) for branch in self.br], pooled], 1))


class DeepLab(nn.Module):
    """DeepLab v3+ with Xception-65."""

    def __init__(self, classes, norm="batch", middle=16, width=1.0, output_stride=16, rates=(6, 12, 18), pyramid=256,
                 low=48, decoder=256):
        super().__init__()
        self.backbone = Xception(norm, middle, width, output_stride)
        channels = self.backbone.channels
        self.aspp = Pyramid(channels[2048], pyramid, [rate * 16 // output_stride for rate in rates], norm)
        self.low = conv_norm(channels[256], low, norm=norm)
        self.dec = nn.Sequential(Separable(pyramid + low, decoder, norm=norm), Separable(decoder, decoder, norm=norm))
        self.cls = nn.Conv2d(decoder, classes, 1)

    def forward(self, x):
        deep, low = self.backbone(x)
        joined = torch.cat([resize(self.aspp(deep), low), self.low(low)], 1)
        return resize(self.cls(self.dec(joined)), x)


# Fast-SCNN


def separable(inputs, outputs, stride=1, norm="batch"):
    """Depthwise and pointwise, ReLU only at the end."""
    return nn.Sequential(conv_norm(inputs, inputs, 3, stride, groups=inputs, norm=norm, relu=False),
                         conv_norm(inputs, outputs, norm=norm))


class Inverted(nn.Module):
    def __init__(self, inputs, outputs, stride, expansion, norm):
        super().__init__()
        wide = inputs * expansion
        self.c = nn.Sequential(conv_norm(inputs, wide, norm=norm),
                               conv_norm(wide, wide, 3, stride, groups=wide, norm=norm),
                               conv_norm(wide, outputs, norm=norm, relu=False))
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x):
        return self.c(x) + x if self.adds else self.c(x)


class PyramidPooling(nn.Module):
    def __init__(self, inputs, bins, norm):
        super().__init__()
        self.bins = bins
        self.br = nn.ModuleList(conv_norm(inputs, inputs // len(bins), norm=norm) for _ in bins)

    def forward(self, x):
        pooled = [resize(branch(F.adaptive_avg_pool2d(x, size)), x) for size, branch in zip(self.bins, self.br)]
        return torch.cat([x, *pooled], 1)


class FastSCNN(nn.Module):
    def __init__(self, classes, norm="batch", width=1.0, expansion=6, blocks=(3, 3, 3), bins=(1, 2, 3, 6)):
        super().__init__()
        c32, c48, c64, c96, c128 = (scaled(c, width) for c in (32, 48, 64, 96, 128))
        self.lds = nn.Sequential(conv_norm(3, c32, 3, 2, norm=norm), separable(c32, c48, 2, norm),
                                 separable(c48, c64, 2, norm))
        deep, inputs = [], c64
        for outputs, stride, count in zip((c64, c96, c128), (2, 2, 1), blocks):
            for i in range(count):
                deep.append(Inverted(inputs, outputs, 1 if i else stride, expansion, norm))
                inputs = outputs
        self.gfe = nn.Sequential(*deep)
        self.ppm = PyramidPooling(c128, bins, norm)
        self.ppm_out = conv_norm(c128 + c128 // len(bins) * len(bins), c128, norm=norm)
        self.low_dw = conv_norm(c128, c128, 3, dilation=4, groups=c128, norm=norm)
        self.low_pw = conv_norm(c128, c128, norm=norm, relu=False)
        self.high = conv_norm(c64, c128, norm=norm, relu=False)
        # As dropout stands in place 2 of the reference, so does nothing here.
        self.cls = nn.Sequential(separable(c128, c128, 1, norm), separable(c128, c128, 1, norm), nn.Identity(),
                                 nn.Conv2d(c128, classes, 1))

    def forward(self, x):
        fine = self.lds(x)
        coarse = resize(self.ppm_out(self.ppm(self.gfe(fine))), fine)
        return resize(self.cls(F.relu(self.low_pw(self.low_dw(coarse)) + self.high(fine))), x)


# VB-Net


class VBStandard(nn.Module):
    def __init__(self, inputs, outputs, kernel=3):
        super().__init__()
        self.conv = nn.Conv3d(inputs, outputs, kernel, *self.window(kernel))
        self.norm = nn.BatchNorm3d(outputs)

    @staticmethod
    def window(kernel):
        """Stride and padding: kernels of 2 halve the size, others keep it."""
        return (2, 0) if kernel == 2 else (1, kernel // 2)

    def forward(self, x):
        return F.relu(self.norm(self.conv(x)))


class VBBottleneck(nn.Module):
    def __init__(self, inputs, outputs, kernel=3):
        super().__init__()
        inner = outputs // 4
        self.conv_1 = nn.Conv3d(inputs, inner, 1)
        self.conv_2 = nn.Conv3d(inner, inner, kernel, *VBStandard.window(kernel))
        self.conv_3 = nn.Conv3d(inner, outputs, 1)
        self.norm = nn.BatchNorm3d(outputs)

    def forward(self, x):
        return F.relu(self.norm(self.conv_3(self.conv_2(self.conv_1(x)))))


class VBSeparable(nn.Module):
    def __init__(self, inputs, outputs, kernel=3):
        super().__init__()
        self.dw = nn.Conv3d(inputs, inputs, kernel, *VBStandard.window(kernel), groups=inputs)
        self.n1 = nn.BatchNorm3d(inputs)
        self.pw = nn.Conv3d(inputs, outputs, 1)
        self.n2 = nn.BatchNorm3d(outputs)

    def forward(self, x):
        return F.relu(self.n2(self.pw(F.relu(self.n1(self.dw(x))))))


class VBDown(nn.Module):
    def __init__(self, block, inputs, outputs, count, kernel=2):
        super().__init__()
        self.down = block(inputs, outputs, kernel)
        self.convs = nn.ModuleList(block(outputs, outputs) for _ in range(count))

    def forward(self, x):
        x = y = self.down(x)
        for each in self.convs:
            y = each(y)
        return x + y


class VBUp(nn.Module):
    def __init__(self, block, outputs, count, doubles=True):
        super().__init__()
        self.deconv = nn.ConvTranspose3d(2 * outputs, outputs, 2, 2) if doubles else block(2 * outputs, outputs)
        self.convs = nn.ModuleList(block(outputs if i else 2 * outputs, outputs) for i in range(count))

    def forward(self, x, skip):
        x = F.interpolate(self.deconv(x), skip.shape[2:], mode="trilinear", align_corners=False)
        y = torch.cat([skip, x], 1)
        for each in self.convs:
            y = each(y)
        return x + y


VB_BLOCKS = {"standard": VBStandard, "bottleneck": VBBottleneck, "separable": VBSeparable}


class VBNet(nn.Module):
    def __init__(self, block, classes=1, inputs=1, level=5, base=16):
        super().__init__()
        make = VB_BLOCKS[block]
        widths = [base << i for i in range(level)]
        self.downs = nn.ModuleList([VBDown(make, inputs, base, 1, 3)])
        self.ups = nn.ModuleList()
        for i in range(1, level):
            self.downs.append(VBDown(make, widths[i - 1], widths[i], 2 if i == 1 else 3))
        for i in reversed(range(1, level - 1)):
            self.ups.append(VBUp(make, widths[i], 2 if i == 1 else 3))
        self.ups.append(VBUp(make, base, 1, False))
        self.classifier = nn.Conv3d(base, classes, 1)

    def forward(self, x):
        levels = []
        for down in self.downs:
            x = down(x)
            levels.append(x)
        levels.pop()
        for up in self.ups:
            x = up(x, levels.pop())
        return self.classifier(x)


def vb_micro(block, inputs=16, outputs=32, kernel=3):
    """One block of each kind, by itself: norm and ReLU behind every convolution."""
    def part(i, o, k, groups=1):
        return [nn.Conv3d(i, o, k, 1, k // 2, groups=groups), nn.BatchNorm3d(o), nn.ReLU()]
    inner = outputs // 2
    return nn.Sequential(*{
        "standard": lambda: part(inputs, outputs, kernel),
        "bottleneck": lambda: part(inputs, inner, 1) + part(inner, inner, kernel) + part(inner, outputs, 1),
        "separable": lambda: part(inputs, inputs, kernel, inputs) + part(inputs, outputs, 1)}[block]())


# ESPNet


class Convolution(nn.Module):
    """A convolution under the name that it has in ESPNet's state dict."""

    def __init__(self, inputs, outputs, kernel=1, stride=1, dilation=1):
        super().__init__()
        padding = dilation * (kernel // 2)
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, bias=False)

    def forward(self, x):
        return self.conv(x)


class NormPReLU(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.bn = nn.BatchNorm2d(channels, eps=1e-3)
        self.act = nn.PReLU(channels)

    def forward(self, x):
        return self.act(self.bn(x))


class ConvNormPReLU(NormPReLU):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__(outputs)
        self.conv = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)

    def forward(self, x):
        return super().forward(self.conv(x))


class Pyramids(nn.Module):
    """Reduces channels, and convolves with five dilations whose results are summed up and joined: not yet normalised."""

    def __init__(self, inputs, outputs, kernel, stride):
        super().__init__()
        inner = outputs // 5
        self.c1 = Convolution(inputs, inner, kernel, stride)
        self.d1 = Convolution(inner, outputs - 4 * inner, 3)
        for dilation in (2, 4, 8, 16):
            setattr(self, f"d{dilation}", Convolution(inner, inner, 3, dilation=dilation))

    def joined(self, x):
        x = self.c1(x)
        parts = [self.d1(x), self.d2(x)]
        for branch in (self.d4, self.d8, self.d16):
            parts.append(parts[-1] + branch(x))
        return torch.cat(parts, 1)


class ESPDown(Pyramids):
    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs, 3, 2)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3)
        self.act = nn.PReLU(outputs)

    def forward(self, x):
        return self.act(self.bn(self.joined(x)))


class ESPBlock(Pyramids):
    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs, 1, 1)
        self.bn = NormPReLU(outputs)
        self.adds = inputs == outputs

    def forward(self, x):
        return self.bn(self.joined(x) + x if self.adds else self.joined(x))


class ESPEncoder(nn.Module):
    def __init__(self, classes, p, q, widths):
        super().__init__()
        first, second, third = widths
        self.level1 = ConvNormPReLU(3, first, 2)
        self.b1 = NormPReLU(first + 3)
        self.level2_0 = ESPDown(first + 3, second)
        self.level2 = nn.ModuleList(ESPBlock(second, second) for _ in range(p))
        self.b2 = NormPReLU(2 * second + 3)
        self.level3_0 = ESPDown(2 * second + 3, third)
        self.level3 = nn.ModuleList(ESPBlock(third, third) for _ in range(q))
        self.b3 = NormPReLU(2 * third)
        self.classifier = Convolution(2 * third, classes)

    def forward(self, x):
        half = F.avg_pool2d(x, 3, 2, 1)
        quarter = F.avg_pool2d(half, 3, 2, 1)
        level1 = self.b1(torch.cat([self.level1(x), half], 1))
        start = y = self.level2_0(level1)
        for block in self.level2:
            y = block(y)
        level2 = self.b2(torch.cat([y, start, quarter], 1))
        start = y = self.level3_0(level2)
        for block in self.level3:
            y = block(y)
        return level1, level2, self.classifier(self.b3(torch.cat([start, y], 1)))


def double(channels):
    return nn.ConvTranspose2d(channels, channels, 2, 2, bias=False)


class ESPNet(nn.Module):
    def __init__(self, classes, p=2, q=8, widths=(16, 64, 128)):
        super().__init__()
        self.encoder = ESPEncoder(classes, p, q, widths)
        self.br = nn.BatchNorm2d(classes, eps=1e-3)
        self.up_l3 = nn.Sequential(double(classes))
        self.level3_C = Convolution(2 * widths[1] + 3, classes)
        self.combine_l2_l3 = nn.Sequential(NormPReLU(2 * classes), ESPBlock(2 * classes, classes))
        self.up_l2 = nn.Sequential(double(classes), NormPReLU(classes))
        self.conv = ConvNormPReLU(widths[0] + 3 + classes, classes)
        self.classifier = double(classes)

    def forward(self, x):
        level1, level2, deep = self.encoder(x)
        joined = torch.cat([self.level3_C(level2), self.up_l3(self.br(deep))], 1)
        fine = self.up_l2(self.combine_l2_l3(joined))
        return self.classifier(self.conv(torch.cat([fine, level1], 1)))
