'use strict';
const fs = require('node:fs');
const path = require('node:path');

const root = path.dirname(__dirname);

/** What `scripts/deploy.sh` wrote beside the sources: version, commit, deployment. Without it, a developer's own copy. */
function read() {
  try {
    return JSON.parse(fs.readFileSync(path.join(root, 'release.json'), 'utf8'));
  } catch {
    return { version: require('../package.json').version, sha: null, deployment: null };
  }
}

module.exports = read();
