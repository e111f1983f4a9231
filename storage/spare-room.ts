import type Database from 'better-sqlite3';

/** As much as the write-ahead log takes before it is folded back (SQLite's own 1,000 pages): thousands of rows. */
const SPARE_BYTES = 4 * 1024 * 1024;

/** Free pages of the database itself: nobody else can take them from a disk that is full, as they can what is only removed. */
export interface SpareRoom {
  /** Sees to it that there are enough; to be called while the disk has room, and outside any transaction. */
  keep(): void;
}

/** Builds the spare room of a database. */
export function createSpareRoom(database: Database.Database): SpareRoom {
  const number = (pragma: string) => Number(database.pragma(pragma, { simple: true }));
  return {
    keep() {
      if (number('freelist_count') * number('page_size') >= SPARE_BYTES / 2) return;
      // Two commits: pages that are freed in the transaction that took them are never written, and the disk gives them no place.
      database.exec(
        `DROP TABLE IF EXISTS spare_room; CREATE TABLE spare_room AS SELECT zeroblob(${SPARE_BYTES}) AS room`,
      );
      database.pragma('wal_checkpoint(PASSIVE)');
      database.exec('DROP TABLE spare_room');
    },
  };
}
