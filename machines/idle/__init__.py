"""Idle machines: what is heard of them (signals), what follows (outlook, table), whom to ask (asks), and who makes room.

Owns Activity, Hold, Ask and Answer. It decides by rows alone, and acts by machines.actions: it never calls the cloud but
to hear how busy guests are, and never moves a machine's state.
"""
