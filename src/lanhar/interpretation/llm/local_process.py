"""The process behind `local_server`: serves a model until its stdin ends."""

import os
import sys
from pathlib import Path


def main() -> None:
    """Take model file, context in tokens, threads and slots; write the address to stdout once the server answers."""
    import xllamacpp  # type: ignore[import-not-found, import-untyped, unused-ignore]

    model, context, threads, slots = sys.argv[1:]
    address_pipe = os.dup(1)
    os.dup2(2, 1)  # llama.cpp writes to stdout too
    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    parameters.n_ctx = int(context)
    parameters.n_parallel = int(slots)
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = int(threads)
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.n_gpu_layers = 0
    parameters.ui = False
    parameters.model_alias = {Path(model).stem}  # not the path: it names the user
    server = xllamacpp.Server(parameters)
    os.write(address_pipe, f"{server.listening_address}\n".encode())
    while os.read(0, 1024):
        pass
    os._exit(0)  # without waiting for an answer that nobody will read


if __name__ == "__main__":
    main()
