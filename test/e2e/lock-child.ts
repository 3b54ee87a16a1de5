/** Holds a SQLite file as its only writer, as a backup tool would, until it is killed or the test is gone. */
import Database from 'libsql';

process.once('disconnect', () => process.exit(0));
const database = new Database(process.argv[3] ?? '');
database.pragma('busy_timeout = 5000');
database.exec('begin exclusive');
process.send?.('locked');
