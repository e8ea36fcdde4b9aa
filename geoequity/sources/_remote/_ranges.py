"""A file on a server as if it were one here."""

import http.client
import io
from typing import TYPE_CHECKING, Any

from geoequity.errors import SourceError
from geoequity.sources._addresses import told
from geoequity.sources._remote._part import RANGE
from geoequity.sources._remote._watch import PassingError

if TYPE_CHECKING:
    from geoequity.sources._remote._client import Client


class RangeFile(io.RawIOBase):
    """
    A file on a server, read by ranges of bytes, one version all along.

    Parameters
    ----------
    client
        The door to the network.
    url
        Its address.
    source
        What to call it in messages.
    block
        Bytes to ask for at least.
    """

    def __init__(self, client: "Client", url: str, *, source: str, block: int = 1 << 16) -> None:
        super().__init__()
        self._client, self._url, self._source, self._block = client, url, source, block
        self._at = 0
        self._version = ""
        self.size = -1
        self._blocks: dict[int, bytes] = {}
        self.read_bytes = 0
        self.fault: BaseException | None = None
        self._first = self
        self._ends = False
        self._tail()

    def again(self) -> "RangeFile":
        """
        Open it once more, the same version, for readers that bear no exception.

        Returns
        -------
        file
            At its start, sharing what was read. Where it fails it ends, and
            ``fault`` of this one tells why.
        """
        other = RangeFile.__new__(RangeFile)
        vars(other).update({**vars(self), "_at": 0, "_ends": True})
        return other

    def readable(self) -> bool:
        """
        Tell that it can be read.

        Returns
        -------
        readable
            True.
        """
        return True

    def seekable(self) -> bool:
        """
        Tell that it can be searched.

        Returns
        -------
        seekable
            True.
        """
        return True

    def tell(self) -> int:
        """
        Tell where it is.

        Returns
        -------
        position
            In bytes.
        """
        return self._at

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """
        Go to a byte.

        Parameters
        ----------
        offset
            How far.
        whence
            From the start, from here or from the end.

        Returns
        -------
        position
            In bytes.
        """
        base = {0: 0, 1: self._at, 2: self.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        """
        Read into a buffer.

        Parameters
        ----------
        buffer
            As long as what to read.

        Returns
        -------
        count
            Bytes read.

        Raises
        ------
        BaseException
            If they cannot be had, mostly a `SourceError`.
        """
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), max(0, self.size - self._at))
        if wanted == 0 or (self._ends and self._first.fault is not None):
            return 0
        try:
            view[:wanted] = self._bytes(self._at, self._at + wanted)
        except BaseException as fault:
            if not self._ends:
                raise
            self._first.fault = fault  # to raise it here would end the process
            return 0
        self._at += wanted
        return wanted

    def _bytes(self, start: int, end: int) -> bytes:
        """Give bytes, asking for the blocks that are missing in one range."""
        first, last = start // self._block, (end - 1) // self._block
        missing = [one for one in range(first, last + 1) if one not in self._blocks]
        if missing:
            low = missing[0] * self._block
            high = min((missing[-1] + 1) * self._block, self.size)
            got = self._range(f"bytes={low}-{high - 1}", low)
            if len(got) != high - low:
                msg = f"{self._source}: {told(self._url)}: a range came short"
                raise SourceError(msg, source=self._source)
            for number in range(missing[0], missing[-1] + 1):
                at = number * self._block - low
                self._blocks[number] = got[at : at + self._block]
        joined = b"".join(self._blocks[one] for one in range(first, last + 1))
        return joined[start - first * self._block : end - first * self._block]

    def _tail(self) -> None:
        """Read the last bytes, and with them the size and the version."""
        got = self._range(f"bytes=-{self._block}", None)
        start = self.size - len(got)
        for number in range(-(-start // self._block), -(-self.size // self._block)):
            at = number * self._block - start
            self._blocks[number] = got[at : at + self._block]

    def _range(self, asked: str, start: int | None) -> bytes:
        """Ask for a range and see that it is of the version begun."""
        where = f"{self._source}: {told(self._url)}"

        def use(status: int, headers: Any, body: bytes) -> bytes:
            found = RANGE.match(headers.get("Content-Range", "").strip())
            if status != http.client.PARTIAL_CONTENT or not found or found[3] == "*":
                changed = self.size >= 0
                why = "changed while it was read" if changed else "does not answer by ranges"
                raise SourceError(f"{where}: {why}", source=self._url)
            version = headers.get("ETag", "") or headers.get("Last-Modified", "")
            size = int(found[3])
            if self.size < 0:
                self.size, self._version = size, version
            if (size, version) != (self.size, self._version):
                raise SourceError(f"{where}: changed while it was read", source=self._url)
            span = int(found[2]) - int(found[1]) + 1
            if (start is not None and int(found[1]) != start) or span != len(body):
                raise PassingError(f"{where}: another range than asked", source=self._url)
            self.read_bytes += len(body)
            return body

        return self._client.ranges(self._url, {"Range": asked}, use, source=self._source)
