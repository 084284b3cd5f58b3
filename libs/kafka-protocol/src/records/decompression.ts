import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { KafkaProtocolError } from '../protocol-error.ts'
import { batchHeaderBytes, type BatchHeader } from './batch-header.ts'
import { tooLarge } from './bounded-output.ts'
import { openLz4 } from './lz4.ts'
import { openSnappy } from './snappy.ts'

/**
 * The records of a batch of magic 2, decompressed if they need be: a slice of `buffer`, or memory of their own.
 * Throws KafkaProtocolError `malformed`, or `oversize` when they open to more than `limitBytes`: no codec tells its size reliably.
 */
export function openRecords(buffer: Buffer, header: BatchHeader, limitBytes: number): Buffer {
  const bytes = buffer.subarray(header.start + batchHeaderBytes, header.end)
  switch (header.codec) {
    case 0:
      return bytes
    case 1:
      return openWith(gunzipSync, bytes, limitBytes)
    case 2:
      return openSnappy(bytes, limitBytes)
    case 3:
      return openLz4(bytes, limitBytes)
    case 4:
      return openWith(zstdDecompressSync, bytes, limitBytes)
    default:
      throw new KafkaProtocolError(
        'malformed',
        `The record batch at byte ${header.start} has the unknown codec ${header.codec}.`,
      )
  }
}

function openWith(
  open: (bytes: Buffer, options: { maxOutputLength: number }) => Buffer,
  bytes: Buffer,
  limitBytes: number,
): Buffer {
  try {
    return open(bytes, { maxOutputLength: limitBytes })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limitBytes)
    throw new KafkaProtocolError('malformed', 'The compressed records of a batch cannot be opened.', { cause: error })
  }
}
