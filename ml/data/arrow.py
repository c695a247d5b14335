"""Write and hash tables so that the same content gives the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ml.contracts.table import TableContract
from ml.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

ROW_GROUP = 65_536  # rows; fixed, since it is part of the bytes
READ_BYTES = 1 << 20


def arrow_schema(contract: TableContract) -> pa.Schema:
    """Return the Arrow types of a contract, in its column order."""
    import pyarrow as pa

    types = {
        "integer": pa.int64(),
        "number": pa.float64(),
        "string": pa.string(),
        "category": pa.string(),
        "boolean": pa.bool_(),
        "timestamp": pa.timestamp("us", tz="UTC"),
    }
    return pa.schema([pa.field(name, types[column.dtype], column.nullable) for name, column in contract.columns.items()])


def write_parquet(path: Path, schema: pa.Schema, frames: Iterable[pd.DataFrame]) -> int:
    """Write frames one after the other, in row groups of a fixed size; return the number of rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    written = 0
    left: list[pa.Table] = []
    with pq.ParquetWriter(path, schema, compression="zstd", version="2.6", write_statistics=True) as writer:
        for frame in frames:
            left.append(pa.Table.from_pandas(frame, schema=schema, preserve_index=False).replace_schema_metadata(None))
            written += len(frame)
            while sum(len(table) for table in left) >= ROW_GROUP:
                table = pa.concat_tables(left)
                writer.write_table(table.slice(0, ROW_GROUP).combine_chunks(), row_group_size=ROW_GROUP)
                left = [table.slice(ROW_GROUP)]
        writer.write_table(pa.concat_tables(left).combine_chunks() if left else schema.empty_table())
    return written


def open_parquet(path: Path) -> pq.ParquetFile:
    """Open a Parquet file to be read batch by batch.

    Each column is read a megabyte at a time. Left to itself, pyarrow reads a row group whole, and that may be larger than memory.

    Raises
    ------
    InputError
        The file is missing or is no Parquet file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise InputError("no such file", file=path)
    try:
        return pq.ParquetFile(path, buffer_size=READ_BYTES, pre_buffer=False)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"not a Parquet file: {str(error).splitlines()[0][:200]}", file=path) from None


def parquet_batches(file: pq.ParquetFile, path: Path, rows: int, **chosen: Any) -> Iterator[pa.RecordBatch]:
    """Read batches of an open file; `chosen` are pyarrow's own `row_groups` and `columns`.

    Raises
    ------
    InputError
        The file is damaged inside.
    """
    import pyarrow as pa

    try:
        yield from file.iter_batches(rows, **chosen)
    except MemoryError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"damaged Parquet: {str(error).splitlines()[0][:200]}", file=path, remedy="replace the file") from None


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a Parquet file of ours into the contract's pandas types."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise InputError("no such file", file=path, remedy="run the step that makes it")
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"not a Parquet file: {str(error).splitlines()[0][:200]}", file=path) from None
    frame: pd.DataFrame = table.to_pandas(types_mapper=_nullable(table))
    return frame.astype({name: "str" for name in table.column_names if pa.types.is_string(table.schema.field(name).type)})


def _nullable(table: pa.Table) -> Any:
    import pandas as pd
    import pyarrow as pa

    nullable = {field.type for field in table.schema if field.nullable}
    mapping = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    return lambda kind: mapping.get(kind) if kind in nullable else None


def content_hash(path: Path) -> str:
    """Return the SHA-256 of what a Parquet file holds, whatever its compression or row groups.

    Per column: the name, the type, which cells are null, and the cells themselves with nulls as zeros.
    """
    file = open_parquet(path)
    names = file.schema_arrow.names
    hashers = {name: [hashlib.sha256(), hashlib.sha256(), hashlib.sha256()] for name in names}
    for batch in parquet_batches(file, path, ROW_GROUP):
        for name, column in zip(names, batch.columns, strict=True):
            for hasher, content in zip(hashers[name], _column_bytes(column), strict=True):
                hasher.update(content)
    whole = hashlib.sha256()
    for field in file.schema_arrow:
        whole.update(f"{field.name}:{field.type};".encode())
        for hasher in hashers[field.name]:
            whole.update(hasher.digest())
    return whole.hexdigest()


def _column_bytes(column: pa.Array) -> tuple[bytes, bytes, bytes]:
    import pyarrow as pa
    import pyarrow.compute as pc

    nulls = np.asarray(column.is_null().to_numpy(zero_copy_only=False), dtype=np.uint8).tobytes()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        filled = column.fill_null("")
        lengths = pc.binary_length(filled).to_numpy(zero_copy_only=False).astype("<i4").tobytes()
        return nulls, lengths, "".join(filled.to_pylist()).encode()
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    filled = column.fill_null(False if pa.types.is_boolean(column.type) else 0)
    values = np.ascontiguousarray(filled.to_numpy(zero_copy_only=False))
    return nulls, b"", values.tobytes()


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            hasher.update(block)
    return hasher.hexdigest()
