"""One training step as Swift takes it: loss, gradients summed over processes, clipping, AdamW, schedule."""

from __future__ import annotations

import math

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from tower import Batch, Candidates, Towers

#: Gradients are scaled down to this length.
LARGEST_NORM = 1.0
#: The factor on cosine scores stays at most 100.
LARGEST_LOG_SCALE = 4.60517


#: Steps in which the learning rate rises.
WARM_UP = 50


def rate(step: int, peak: float, total: int | None = None) -> float:
    """The learning rate of step 0, 1, …: it rises, then stays, or falls by half a cosine to a twentieth at step `total`."""
    if total is None:
        return peak * min(1.0, (step + 1) / WARM_UP)
    warm_up = min(WARM_UP, total // 5 + 1)
    if step < warm_up:
        return peak * (step + 1) / warm_up
    progress = (step - warm_up) / max(1, total - warm_up)
    return peak * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1, progress))))


class AdamW:
    """AdamW, β = (0.9, 0.98). Of the item embedding it touches the rows of a batch's candidates alone: the others keep
    values and moments, without decay. Vectors (norms, biases, the scale) do not decay."""

    BETAS, EPSILON = (0.9, 0.98), 1e-8

    def __init__(self, model: Towers, weight_decay: float):
        self.parameters = [(name, value) for name, value in model.named() if value.requires_grad]
        self.moments = {name: (torch.zeros_like(value), torch.zeros_like(value)) for name, value in self.parameters}
        self.weight_decay = weight_decay
        self.number = 0

    @torch.no_grad()
    def step(self, learning_rate: float, scale: float, rows: torch.Tensor) -> None:
        """Updates by gradients times `scale`; `rows` are those of the item embedding that take part."""
        self.number += 1
        first_correction, second_correction = (1 - beta**self.number for beta in self.BETAS)
        for name, value in self.parameters:
            part = rows if name == "items.embedding" else slice(None)
            gradient = value.grad[part] * scale
            first, second = (moment[part] for moment in self.moments[name])
            first = first.lerp(gradient, 1 - self.BETAS[0])
            second = second * self.BETAS[1] + gradient * gradient * (1 - self.BETAS[1])
            self.moments[name][0][part], self.moments[name][1][part] = first, second
            keep = 1 - learning_rate * self.weight_decay if value.dim() > 1 else 1.0
            change = learning_rate / first_correction * first / ((second / second_correction).sqrt() + self.EPSILON)
            value[part] = value[part] * keep - change


class Diverged(Exception):
    """The loss or a gradient is no longer a finite number."""


class Trainer:
    """A model in training, in one process or in several that take a shard of each batch."""

    def __init__(self, model: Towers, weight_decay: float):
        self.model = model
        self.device = next(model.parameters()).device
        self.processes = distributed.get_world_size() if distributed.is_initialized() else 1
        # Empty tensors are nothing to agree on, and PyTorch 1.13 stumbles over them.
        still = [name for name, value in model.named_parameters() if not value.requires_grad]
        DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(model, still)
        self.replica = DistributedDataParallel(model) if self.processes > 1 else model
        self.optimizer = AdamW(model, weight_decay)
        #: Length of the last step's gradient before clipping.
        self.norm = 0.0

    def gradients(self, batch: Batch, candidates: Candidates, targets: int) -> float:
        """The mean loss over all `targets` of the whole batch, of which `batch` is this process's shard, and its
        gradient, summed over the processes, in the parameters' `grad`."""
        self.model.zero_grad(set_to_none=True)
        # DistributedDataParallel takes the mean of the processes' gradients; the share makes a sum of it.
        share = self.processes / max(1, targets)
        loss = self.replica(batch.to(self.device), candidates.to(self.device), share)
        loss.backward()
        total = loss.detach() / self.processes
        if self.processes > 1:
            distributed.all_reduce(total)
        return float(total)

    def step(self, batch: Batch, candidates: Candidates, targets: int, learning_rate: float) -> float:
        """Moves the parameters by one batch; returns its mean loss."""
        loss = self.gradients(batch, candidates, targets)
        squares = sum(value.grad.double().square().sum() for _, value in self.optimizer.parameters)
        self.norm = math.sqrt(float(squares))
        if not (math.isfinite(loss) and math.isfinite(self.norm)):
            raise Diverged(
                f"training diverged: the loss is {loss}; a lower learning rate than {learning_rate:.2g} helps"
            )
        scale = min(1.0, LARGEST_NORM / max(self.norm, 1e-30))
        self.optimizer.step(learning_rate, scale, candidates.rows.to(self.device))
        with torch.no_grad():
            self.model.log_scale.clamp_(max=LARGEST_LOG_SCALE)
        return loss
