"""Marks that say which stack a test needs: the tests of one stack are one xdist group, and the stack is stopped after its last test."""

import pytest

on_simulated = pytest.mark.xdist_group("simulated-stack")
on_qemu = [pytest.mark.qemu, pytest.mark.xdist_group("qemu-stack")]
on_debian = [pytest.mark.qemu, pytest.mark.xdist_group("debian-stack")]
EACH_KIND = [pytest.param("simulated", marks=on_simulated), pytest.param("qemu", marks=on_qemu)]
FIXTURES = {"simulated": "stack", "qemu": "qemu_stack"}
