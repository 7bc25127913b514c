/**
 * What a user sees must not depend on who runs the tests: a CI that sets `CI` or `FORCE_COLOR` asks for
 * colours, and lines would be compared with their escape codes in them.
 */
delete process.env['FORCE_COLOR'];
process.env['NO_COLOR'] = '1';
