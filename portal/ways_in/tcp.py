"""Any other service: an address for whatever program speaks its protocol."""

from portal.ways_in.ports import PortKind, PortWay


class TcpWay(PortWay):
    icon = "network"


TCP = PortKind("tcp", TcpWay)
