/** Holds a SQLite file as its only writer, as a backup tool would, until it is killed or the test is gone. */
import Database from 'libsql';

const database = new Database(process.argv[3] ?? '');
database.pragma('busy_timeout = 5000');
database.exec('begin exclusive');
// A handle that nobody holds is collected some seconds later, and its lock goes with it.
process.once('disconnect', () => {
  database.close();
  process.exit(0);
});
process.send?.('locked');
