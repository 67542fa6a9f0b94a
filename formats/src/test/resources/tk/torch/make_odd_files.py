"""Writes checkpoints of shapes that are seldom seen, and what each tensor in them holds.

make_odd_files.py FOLDER: NAME.pt files, and expected.json: {NAME: {tensor: [dtype, shape, sha256]}}; a tensor that has
no plain values is ["refused", words that the refusal has to contain], a file without tensors is absent from it.
"""

import argparse
import collections
import datetime
import hashlib
import io
import json
import pathlib
import pickle
import sys
import types
import warnings

import numpy
import torch
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Partial, Replicate, Shard
from torch.testing._internal.distributed.fake_pg import FakeStore

warnings.filterwarnings("ignore")
folder = pathlib.Path(sys.argv[1])
expected = {}
NAMES = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32",
    "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL", "complex64": "C64", "complex128": "C128",
    "uint16": "U16", "uint32": "U32", "uint64": "U64", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2",
    "float8_e4m3fnuz": "F8_E4M3FNUZ", "float8_e5m2fnuz": "F8_E5M2FNUZ", "float8_e8m0fnu": "F8_E8M0",
}


def of(tensor):
    if isinstance(tensor, tuple):
        return ["refused", tensor[0]]
    if isinstance(tensor, numpy.ndarray):
        raw = numpy.ascontiguousarray(tensor).astype(tensor.dtype.newbyteorder("<"))
        name = NAMES[tensor.dtype.newbyteorder("=").name]
        return [name, list(tensor.shape), hashlib.sha256(raw.tobytes()).hexdigest()]
    plain = tensor.detach().contiguous().resolve_conj().resolve_neg()
    raw = plain.reshape(-1).view(torch.uint8).numpy().tobytes() if plain.numel() else b""
    return [NAMES[str(tensor.dtype)[6:]], list(tensor.shape), hashlib.sha256(raw).hexdigest()]


def save(name, value, tensors, **how):
    torch.save(value, folder / f"{name}.pt", **how)
    expected[name] = {key: of(tensor) for key, tensor in tensors.items()}


torch.manual_seed(0)
w = torch.randn(6, 5)
b = torch.randn(5)
state = {"layer.weight": w, "layer.bias": b}

# Every dtype, in each container and protocol.
every = {}
for name in NAMES:
    dtype = getattr(torch, name)
    bits = torch.randint(0, 256, (24 * torch.empty((), dtype=dtype).element_size(),), dtype=torch.uint8)
    every[f"t.{name}"] = (bits % 2).bool()[:24].reshape(4, 6) if dtype == torch.bool else bits.view(dtype).reshape(4, 6)
save("every_dtype", every, every)
for protocol in (2, 3, 4, 5):
    save(f"every_dtype_protocol{protocol}", every, every, pickle_protocol=protocol)
legacy = {k: t for k, t in every.items()}
for protocol in (2, 4, 5):
    save(f"every_dtype_legacy_protocol{protocol}", legacy, legacy, pickle_protocol=protocol,
         _use_new_zipfile_serialization=False)

# Views.
big = torch.arange(1 << 20, dtype=torch.float32)
views = {
    "a.slice": big[777:777 + 12].reshape(3, 4),
    "b.transposed": big[:30].reshape(5, 6).t(),
    "c.strided": big[: 2 * 30].reshape(5, 12)[:, ::2],
    "d.expanded": big[5:6].expand(7, 3),
    "e.overlapping": big.as_strided((4, 3), (1, 1), 9),
    "f.empty": big[:0],
    "g.empty_rows": torch.empty(0, 4),
    "h.empty_columns": torch.empty(4, 0),
    "i.scalar": big[3],
    "j.permuted": big[:24].reshape(2, 3, 4).permute(2, 0, 1),
    "k.channels_last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
    "l.bytes_seen_as_half": torch.arange(32, dtype=torch.uint8).view(torch.float16)[3:9],
    "m.many_axes": torch.randn(1, 2, 1, 3, 1, 2),
    "n.last_element": big[-1:],
}
save("views", views, views)
save("views_legacy", views, views, _use_new_zipfile_serialization=False)

# Tied and shared.
tied = {"embed.weight": w, "head.weight": w, "part.weight": w[2:4]}
save("tied", tied, tied)
save("tied_legacy", tied, tied, _use_new_zipfile_serialization=False)

# What training loops put beside the weights.
args = argparse.Namespace(lr=0.1, names=["a"], when=datetime.datetime(2025, 1, 2), path=pathlib.Path("x"))
rng = numpy.random.RandomState(1)
beside = {
    "args": args, "loss": numpy.float64(0.5), "step": numpy.int32(3), "flag": numpy.bool_(True), "half": numpy.float16(1),
    "history": [numpy.float32(1), (2, 3j), {4, 5}, frozenset([6]), b"bytes", bytearray(b"x"), slice(1, 2), range(3)],
    "counter": collections.Counter("abca"), "counts": collections.defaultdict(int, a=1), "type": str, "default": collections.defaultdict(list, a=[1]),
    "deque": collections.deque([1, 2], 5), "ordered": collections.OrderedDict(a=1), "big": 1 << 100, "neg": -(1 << 70),
    "size": torch.Size([1, 2]), "dtype": torch.bfloat16, "device": torch.device("cpu"), "layout": torch.strided,
    "simple": types.SimpleNamespace(a=1), "text": "ünlü \U0001f600 \ud800".encode("utf-8", "surrogatepass").decode("utf-8", "ignore"),
    "delta": datetime.timedelta(seconds=3), "date": datetime.date(2025, 1, 2), "zone": datetime.timezone.utc,
    "rng": rng.get_state(), "torch_rng": torch.get_rng_state(), "none": None, "nested": {"deep": [{"er": (1,)}]},
    "numpy_text": numpy.str_("x"), "numpy_bytes": numpy.bytes_(b"x"),
}
for protocol in (2, 5):
    save(f"beside_protocol{protocol}", {**beside, "model": state}, state, pickle_protocol=protocol)
# Before protocol 4 a memory format is pickled with getattr, which no reader should allow.
save("memory_format", {"format": torch.channels_last, "model": state}, state, pickle_protocol=4)
save("beside_legacy", {**beside, "model": state}, state, _use_new_zipfile_serialization=False)
linear = torch.nn.Linear(5, 6)
optimizer = torch.optim.AdamW(linear.parameters())
linear(b).sum().backward()
optimizer.step()
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 3)
save("training", {"model_state_dict": linear.state_dict(), "optimizer_state_dict": optimizer.state_dict(),
                  "scheduler": scheduler.state_dict(), "epoch": 3}, linear.state_dict())
save("lightning", {"state_dict": {f"model.{k}": v for k, v in state.items()}, "pytorch-lightning_version": "2.1",
                   "callbacks": {}, "hparams_name": "kwargs", "loops": {}}, {f"model.{k}": v for k, v in state.items()})
save("fsdp", {f"_fsdp_wrapped_module.{k}": v for k, v in state.items()}, state)
save("fsdp_inside", {"layers.0._fsdp_wrapped_module.weight": w, "layers.0._checkpoint_wrapped_module.bias": b},
     {"layers.0.weight": w, "layers.0.bias": b})
save("compiled_inside", {"model._orig_mod.weight": w, "model._orig_mod.bias": b}, {"model.weight": w, "model.bias": b})
save("ddp_compiled", {f"module._orig_mod.{k}": v for k, v in state.items()}, state)
save("parameters", {k: torch.nn.Parameter(v) for k, v in state.items()}, state)
save("parameter_dict", torch.nn.ParameterDict({"a": torch.nn.Parameter(w)}).state_dict(), {"a": w})


class Marked(torch.nn.Parameter):
    pass


attributed = torch.nn.Parameter(w.clone())
attributed.note = "kept"
save("attributed_parameter", {"layer.weight": attributed}, {"layer.weight": w})
tensor = w.clone()
tensor.note = "kept"
save("attributed_tensor", {"layer.weight": tensor}, {"layer.weight": w})
buffer = torch.nn.Buffer(b.clone())
save("buffer", {"layer.weight": w, "layer.bias": buffer}, state)
save("grad", {"layer.weight": w.clone().requires_grad_(), "layer.bias": b}, state)

# Arrays for tensors.
arrays = {}
for code in ("f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?", "c8", "c16"):
    values = rng.randint(0, 2, (3, 4)) if code == "?" else rng.randn(3, 4) * 9
    arrays[f"n.{code.replace('?', 'b1')}"] = numpy.abs(values).astype(code) if code[0] == "u" else values.astype(code)
arrays["o.fortran"] = numpy.asfortranarray(rng.randn(3, 4).astype("f4"))
arrays["o.big_endian"] = rng.randn(3, 4).astype(">f4")
arrays["o.big_endian_fortran"] = numpy.asfortranarray(rng.randn(2, 3, 4).astype(">f8"))
arrays["o.transposed"] = rng.randn(3, 4).astype("f4").T
arrays["o.sliced"] = rng.randn(9, 4).astype("f4")[::2, 1:3]
arrays["o.scalar"] = numpy.array(3.5, "f4")
arrays["o.empty"] = numpy.zeros((0, 3), "f4")
arrays["o.large"] = rng.randn(100, 100).astype("f4")
for protocol in (2, 3, 4, 5):
    save(f"arrays_protocol{protocol}", arrays, arrays, pickle_protocol=protocol)
    (folder / f"bare_arrays_protocol{protocol}.pt").write_bytes(pickle.dumps(arrays, protocol))
    expected[f"bare_arrays_protocol{protocol}"] = expected[f"arrays_protocol{protocol}"]

# What has no plain values: named, and only when it is wanted.
dense = torch.eye(4)
exotic = {
    "a.plain": w,
    "b.sparse": dense.to_sparse(),
    "c.csr": dense.to_sparse_csr(),
    "d.meta": torch.empty(3, 4, device="meta"),
    "e.conj": torch.randn(3, dtype=torch.complex64).conj(),
    "f.neg": torch.randn(3, dtype=torch.complex64).conj().imag,
    "g.complex_half": torch.randn(3, dtype=torch.complex32),
    "h.quantized": torch.quantize_per_tensor(w, 0.1, 3, torch.qint8),
    "i.quantized_channels": torch.quantize_per_channel(w, torch.full((6,), 0.1), torch.zeros(6), 0, torch.qint8),
    "j.bsr": torch.eye(4).to_sparse_bsr((2, 2)),
    "k.csc": dense.to_sparse_csc(),
    "m.nested": torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
    "l.bits": torch.arange(4, dtype=torch.uint8).view(torch.float4_e2m1fn_x2),
}
words = {"b": "sparse", "c": "sparse", "d": "meta", "e": "conj", "f": "neg", "g": "complex32", "h": "quantized",
         "i": "quantized", "j": "sparse", "k": "sparse", "l": "float4", "m": "nested"}
told = {k: (v if k == "a.plain" else (words[k[0]],)) for k, v in exotic.items()}
save("exotic", exotic, told)
save("exotic_protocol5", exotic, told, pickle_protocol=5)

# What FSDP2 leaves: the part of each tensor that this process holds; the two others don't exist, so it is told so.
torch.distributed.init_process_group("fake", rank=0, world_size=2, store=FakeStore())
mesh = init_device_mesh("cpu", (2,))
parts = {
    "a.replicated": DTensor.from_local(w, mesh, [Replicate()], run_check=False),
    "b.part": DTensor.from_local(w, mesh, [Shard(0)], run_check=False),
    "c.summand": DTensor.from_local(w, mesh, [Partial()], run_check=False),
    "d.all_rows_here": DTensor.from_local(b[:1], mesh, [Shard(0)], run_check=False, shape=(1,), stride=(1,)),
}
told = {"a.replicated": w, "b.part": ("part of a DTensor of shape [12, 5]",), "c.summand": ("DTensor",), "d.all_rows_here": b[:1]}
save("dtensors", {"model": parts}, told)
save("dtensors_protocol5", {"model": parts}, told, pickle_protocol=5)

# The containers themselves.
for name in ("archive", "döküm", "a b"):
    buffer = io.BytesIO()
    torch.save(state, buffer)
    (folder / f"{name}.pt").write_bytes(buffer.getvalue())
    torch.save(state, folder / f"{name}.pt")
    expected[name] = {k: of(t) for k, t in state.items()}
torch.serialization.set_crc32_options(False)
save("no_crc", state, state)
torch.serialization.set_crc32_options(True)
many = {f"layers.{i}.weight": torch.full((2,), float(i)) for i in range(1500)}
save("many", many, many)
save("keys_that_are_numbers", {0: w, 1: b, "layer.weight": w}, {"0": w, "1": b, "layer.weight": w})
save("list_of_states", [state, 3], state)
save("tuple_of_states", (state, {"lr": 1}), state)
save("lone_tensor_in_dict", {"weight": w}, {"weight": w})
save("storage", {"layer.weight": w, "typed": b.storage()}, {"layer.weight": w})
(folder / "expected.json").write_text(json.dumps(expected, indent=1))
