import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.utils.BufferSupplier;

/**
 * Writes vectors/record-batches.json with Kafka's own classes:
 * java -cp '<kafka libs>/*' test/RecordVectors.java > test/vectors/record-batches.json
 */
public class RecordVectors {
  private static final long TIME = 1_700_000_000_000L;

  public static void main(String[] args) {
    StringBuilder out = new StringBuilder("{\n");
    for (CompressionType type : CompressionType.values()) {
      if (type.id > 4) continue;
      String name = type.name;
      out.append(entry(name + "-whole", batch(type, (byte) 2, 100, 40)));
      out.append(entry(name + "-compacted", compact(batch(type, (byte) 2, 100, 40))));
      // More than one block of Java's LZ4 (64 KiB) and snappy (32 KiB) streams.
      if (type.id > 1) out.append(entry(name + "-large", compact(batch(type, (byte) 2, 5001, 1800))));
    }
    out.append(entry("emptied", drop(batch(CompressionType.NONE, (byte) 2, 100, 3))));
    out.append(entry("control", MemoryRecords.withEndTransactionMarker(700, TIME, 3, 42L, (short) 7,
        new EndTransactionMarker(ControlRecordType.COMMIT, 0))));
    out.append(entry("transactional", MemoryRecords.withTransactionalRecords(
        900, Compression.NONE, 42L, (short) 7, 11, 3, records(5))));
    out.append(entry("idempotent", MemoryRecords.withIdempotentRecords(0, Compression.NONE, 43L, (short) 8, 12, 4, records(2))));
    out.append(entry("magic-0", batch(CompressionType.NONE, (byte) 0, 10, 2)));
    out.append(entry("magic-1", batch(CompressionType.NONE, (byte) 1, 10, 2)));
    out.append(entry("magic-1-gzip", batch(CompressionType.GZIP, (byte) 1, 10, 2)));
    out.setLength(out.length() - 2);
    System.out.println(out.append("\n}"));
  }

  private static SimpleRecord[] records(int count) {
    SimpleRecord[] records = new SimpleRecord[count];
    for (int i = 0; i < count; i++) {
      byte[] key = ("key-" + i).getBytes(StandardCharsets.UTF_8);
      byte[] value = i % 7 == 3 ? null : ("value " + i % 5 + " " + "abcdefgh".repeat(i % 11)).getBytes(StandardCharsets.UTF_8);
      records[i] = new SimpleRecord(TIME + i, key, value, new RecordHeader[] {new RecordHeader("h", new byte[] {1, 2})});
    }
    return records;
  }

  private static MemoryRecords batch(CompressionType type, byte magic, long baseOffset, int count) {
    MemoryRecordsBuilder builder = MemoryRecords.builder(
        ByteBuffer.allocate(1024), magic, Compression.of(type).build(), TimestampType.CREATE_TIME, baseOffset);
    for (SimpleRecord record : records(count)) {
      if (magic == 2) builder.append(record);
      else builder.append(record.timestamp(), record.key(), record.value());
    }
    return builder.build();
  }

  /** Every third record goes, and the last one: what the log cleaner leaves. */
  private static MemoryRecords compact(MemoryRecords records) {
    long last = records.batches().iterator().next().lastOffset();
    return filter(records, record -> record.offset() % 3 != 0 && record.offset() != last);
  }

  private static MemoryRecords drop(MemoryRecords records) {
    return filter(records, record -> false);
  }

  private static MemoryRecords filter(MemoryRecords records, java.util.function.Predicate<Record> keep) {
    ByteBuffer into = ByteBuffer.allocate(1024);
    MemoryRecords.RecordFilter filter = new MemoryRecords.RecordFilter(0, 0) {
      @Override
      protected BatchRetentionResult checkBatchRetention(RecordBatch batch) {
        return new BatchRetentionResult(BatchRetention.RETAIN_EMPTY, false);
      }

      @Override
      protected boolean shouldRetainRecord(RecordBatch batch, Record record) {
        return keep.test(record);
      }
    };
    ByteBuffer output = records.filterTo(filter, into, BufferSupplier.NO_CACHING).outputBuffer();
    output.flip();
    return MemoryRecords.readableRecords(output);
  }

  private static String entry(String name, MemoryRecords records) {
    byte[] bytes = new byte[records.buffer().remaining()];
    records.buffer().duplicate().get(bytes);
    StringBuilder offsets = new StringBuilder();
    long first = -1;
    long last = -2;
    for (RecordBatch batch : records.batches()) {
      if (batch.isControlBatch()) continue;
      for (Record record : batch) {
        if (record.offset() != last + 1) {
          if (first >= 0) offsets.append(first).append("-").append(last).append(" ");
          first = record.offset();
        }
        last = record.offset();
      }
    }
    if (first >= 0) offsets.append(first).append("-").append(last);
    return "  \"" + name + "\": { \"base64\": \"" + java.util.Base64.getEncoder().encodeToString(bytes) + "\", \"runs\": \""
        + offsets + "\" },\n";
  }
}
