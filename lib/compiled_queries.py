"""Queries whose SQL Django writes once in a process: to write it takes longer than to run it, where few rows are read.

    @compiled
    def _kept(holders: Given) -> QuerySet[Tunnel]:
        return Tunnel.objects.filter(Among(F("holder"), holders)).select_related("gateway")

    _kept(holders=[machine.pk])  # a list of tunnels

The function is called once. What differs from call to call must be one of its parameters: a `timezone.now()` within it would stay the
time of the first call. For queries that each page or each tick asks; everything else is written as usual (docs/adr/0082).
"""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from inspect import signature
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import Lookup, QuerySet, Value
from django.db.models.sql.compiler import SQLCompiler

if TYPE_CHECKING:
    _Lookup = Lookup[Any]
else:
    _Lookup = Lookup  # Django's own takes no type


class Given(Value):
    """The place of a value that each call gives."""

    def __init__(self, name: str) -> None:
        super().__init__(name)

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]


class Among(_Lookup):
    """True where a column is one of the values of a list: one statement, and one parameter, for a list of any length."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s)", [*parameters, self.rhs]


@dataclass(frozen=True, slots=True)
class Written:
    """A queryset with places instead of values, and its SQL."""

    rows: Any
    compiler: SQLCompiler  # has written the SQL, and knows which column belongs to which field
    sql: str
    parameters: tuple[Any, ...]  # in the SQL's order: values, and a Given for each place
    converters: Any  # of the columns


class CompiledQuery:
    """A query of a fixed shape. Call it with its values, by name, in the form in which the database takes them (keys, not objects).

    Returns what the queryset would give, as a list. Raises KeyError when a value is missing.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]]) -> None:
        self._build = build
        self.__doc__ = build.__doc__

    def __call__(self, **values: Any) -> list[Any]:
        written = self._written
        filled = tuple(values[each.value] if isinstance(each, Given) else each for each in written.parameters)
        compiler: Any = copy(written.compiler)
        compiler.connection = connections[written.rows.db]
        compiler.as_sql = lambda *_args, **_options: (written.sql, filled)
        compiler.get_converters = lambda _columns: written.converters
        query: Any = copy(written.rows.query)
        query.get_compiler = lambda *_args, **_options: compiler
        rows: Any = type(written.rows)(written.rows.model, query, written.rows.db)
        rows._iterable_class, rows._fields = written.rows._iterable_class, written.rows._fields
        return list(rows)

    @cached_property
    def _written(self) -> Written:
        """Write the SQL. Threads that ask first at the same time each write it from a queryset of their own: Django changes it meanwhile."""
        rows: Any = self._build(**{name: Given(name) for name in signature(self._build).parameters})
        compiler = rows.query.get_compiler(using=rows.db)
        sql, parameters = compiler.as_sql()
        converters = compiler.get_converters([column for column, *_rest in compiler.select])
        return Written(rows, compiler, sql, parameters, converters)


def compiled(build: Callable[..., QuerySet[Any, Any]]) -> CompiledQuery:
    """Make a query of a function that returns a queryset. Its parameters are what each call gives."""
    return CompiledQuery(build)
