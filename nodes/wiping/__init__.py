"""Wiped disks and their certificates: a row for each disk, a certificate for the disks of a computer, and what proves it.

media: kinds of disks, and what each technique may claim on them. disk_checks: what is wrong with a record. certificate_numbers: WPC-00012-3.
disks: record, change and remove a disk. certificates: issue and withdraw. evidence: logs and reports of the tools.
"""
