// Makes every server of a node process listen on loopback: some can be told no address.
'use strict';
const net = require('net');

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...words) {
  const [options, done] = net._normalizeArgs(words);
  // A pipe or a handle stays what it is.
  if (options.path !== undefined || options.fd !== undefined || options._handle !== undefined) {
    return listen.apply(this, words);
  }
  const backlog = words.slice(1).find((word) => typeof word === 'number');
  return listen.call(this, { backlog, ...options, host: '127.0.0.1' }, done);
};
