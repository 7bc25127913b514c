export { backup } from './backup.js';
export { deploy } from './deploy.js';
export { drill, scheduledDrill } from './drill.js';
export { restore } from './restore.js';
export { rollback } from './rollback.js';
