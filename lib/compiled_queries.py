"""Queries whose SQL Django writes once in a process: to write it takes longer than to run it, where few rows are read.

    @compiled
    def _kept(holders: Given) -> QuerySet[Tunnel]:
        return Tunnel.objects.filter(Among(F("holder"), holders)).select_related("gateway")

    _kept(holders=[machine.pk])  # a list of tunnels

The function is called once. What differs from call to call must be one of its parameters: a `timezone.now()` within it would stay the
hour of the first call. For queries that each page or each tick asks; everything else is written as usual (docs/adr/0082).
"""

from collections.abc import Callable
from copy import copy
from functools import cached_property
from inspect import signature
from typing import Any

from django.db import connections
from django.db.models import Lookup, QuerySet, Value
from django.db.models.sql.compiler import SQLCompiler


class Given(Value):
    """The place of a value that each call gives."""

    def __init__(self, name: str) -> None:
        super().__init__(name)

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]


class Among(Lookup[Any]):
    """True where a column is one of the values of a list: one statement, and one parameter, for a list of any length."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s)", [*parameters, self.rhs]


class CompiledQuery:
    """A query of a fixed shape. Call it with its values, by name, in the form in which the database takes them (keys, not objects)."""

    def __init__(self, build: Callable[..., QuerySet[Any, Any]]) -> None:
        self._build = build
        self.__doc__ = build.__doc__

    def __call__(self, **values: Any) -> list[Any]:
        built, written, sql, parameters, converters = self._written
        filled = tuple(values[each.value] if isinstance(each, Given) else each for each in parameters)
        compiler: Any = copy(written)
        compiler.connection = connections[built.db]
        compiler.as_sql = lambda *_args, **_options: (sql, filled)
        compiler.get_converters = lambda _columns: converters
        query: Any = copy(built.query)
        query.get_compiler = lambda *_args, **_options: compiler
        rows: Any = type(built)(built.model, query, built.db)
        rows._iterable_class, rows._fields = built._iterable_class, built._fields
        return list(rows)

    @cached_property
    def _written(self) -> tuple[Any, SQLCompiler, str, tuple[Any, ...], Any]:
        """Return the queryset with places instead of values, what has written its SQL, the SQL, its parameters, the columns' converters.

        Two threads may be here at once (cached_property has no lock since Python 3.12). Writing changes the queryset's joins, so each
        has its own.
        """
        built: Any = self._build(**{name: Given(name) for name in signature(self._build).parameters})
        compiler = built.query.get_compiler(using=built.db)
        sql, parameters = compiler.as_sql()
        return built, compiler, sql, parameters, compiler.get_converters([column for column, *_rest in compiler.select])


def compiled(build: Callable[..., QuerySet[Any, Any]]) -> CompiledQuery:
    """Make a query of a function that returns a queryset. Its parameters are what each call gives."""
    return CompiledQuery(build)
