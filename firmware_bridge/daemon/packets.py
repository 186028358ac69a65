"""Dynamixel packets that travel inside WebSocket messages, made and read by dynamixel-sdk."""

from __future__ import annotations

from dynamixel_sdk import Protocol2PacketHandler

from firmware_bridge.dynamixel.bus import SUCCESS, Reading


class PacketPort:
    """What dynamixel-sdk asks of a port, over one packet out and some bytes back."""

    def __init__(self) -> None:
        self.is_using = False
        self.packet = b""
        self.reply = b""

    def clearPort(self) -> None:  # noqa: N802
        """Nothing waits between packets."""

    def writePort(self, packet: list[int]) -> int:  # noqa: N802
        """Keep the packet for the wire."""
        self.packet = bytes(packet)
        return len(packet)

    def readPort(self, length: int) -> bytes:  # noqa: N802
        """The next bytes of the reply."""
        taken, self.reply = self.reply[:length], self.reply[length:]
        return taken

    def setPacketTimeout(self, packet_length: int) -> None:  # noqa: N802
        """Whatever came is here already."""

    def isPacketTimeout(self) -> bool:  # noqa: N802
        """True when the reply is used up."""
        return not self.reply


def read_packet(servo_id: int, address: int, length: int) -> bytes:
    """The packet that asks one servo for some registers (Protocol 2.0, instruction 2)."""
    port = PacketPort()
    Protocol2PacketHandler().readTx(port, servo_id, address, length)
    return port.packet


def find_answer(reply: bytes, servo_id: int, length: int) -> Reading | None:
    """The servo's answer among the bytes of a reply; None when it is not whole.

    Before it there may be the late rest of another answer, behind it anything.
    """
    port = PacketPort()
    port.reply = reply
    handler = Protocol2PacketHandler()
    while port.reply:
        packet, result = handler.rxPacket(port, fast_option=False)
        if result == SUCCESS and packet[4] == servo_id and len(packet) == length + 11:
            return Reading(packet[8], bytes(packet[9 : 9 + length]))
    return None
