"""Bring up the loopback interface of a new network namespace: `python -m tests.loopback`."""

import fcntl
import socket
import struct

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1


def bring_up(name: str = "lo") -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh14x", name.encode(), 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(sock, SIOCGIFFLAGS, request))[1]
        up = struct.pack("16sh14x", name.encode(), flags | IFF_UP)
        fcntl.ioctl(sock, SIOCSIFFLAGS, up)


if __name__ == "__main__":
    bring_up()
