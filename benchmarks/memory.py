"""The memory that a process and its children take, over time.

with Memory(process.pid) as memory:
    process.join()
peak = max(memory.megabytes)
"""

import threading

import psutil


class Memory:
    """Measures the memory of a process and its children (PSS, so shared pages count once)."""

    def __init__(self, pid: int) -> None:
        self.megabytes: list[float] = []
        self._process = psutil.Process(pid)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._measure)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _measure(self) -> None:
        while not self._ended.wait(0.2):
            try:
                family = [self._process, *self._process.children(recursive=True)]
                if held := sum(p.memory_full_info().pss for p in family):  # none: it has just ended
                    self.megabytes.append(held / 1e6)
            except psutil.Error:  # one of them ended meanwhile
                continue
