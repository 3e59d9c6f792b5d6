"""The audit log: what staff did to other people's things. Owns AuditRow; never changes a row, but for what the trigger allows (ADR 92)."""
