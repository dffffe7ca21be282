/** What SQLite keeps beside a database file while it is used, and after a crash. The shared memory is of no worth without a process. */
export const sideFiles = (path: string): readonly string[] => [
  `${path}-journal`,
  `${path}-wal`,
  `${path}-shm`,
];
