import { pathInContainer, service } from './schema-common.js';
import { holdWrites } from './schema-database.js';
import { onOrOff, section, text, wholeNumber } from './value-types.js';

const identifier = (about: string) =>
  text({
    about,
    // A restore adds 27 letters to the name, and PostgreSQL cuts names after 63.
    pattern: /^[A-Za-z_][A-Za-z0-9_-]{0,35}$/,
    expected: 'a name of at most 36 letters, digits, _ and -',
    example: 'app',
  });

export const postgres = section(
  'The PostgreSQL database of the app, instead of `database`. A failed deploy never puts it back by itself.',
  {
    service: service('The Compose service of the server. It has no profile.', 'db'),
    name: identifier('The database on it.'),
    user: identifier("The role that dumps and restores it, over the server's own socket: a superuser, or its owner."),
    backups: pathInContainer("Directory of the backups in the server's container: on a volume of its own.", '/backups'),
    keepBackups: wholeNumber({
      about: 'Backups that stay after a successful deploy.',
      min: 1,
      max: 1000,
      example: 3,
    }).prefault(3),
    holdWrites: onOrOff(holdWrites).prefault(false),
  },
);
