export { adopt } from './adopt.js';
export { backup } from './backup.js';
export { deploy } from './deploy.js';
export { drill, scheduledDrill } from './drill.js';
export { maintenance } from './maintenance.js';
export { queue } from './queue.js';
export { recover } from './recover.js';
export { restore } from './restore.js';
export { rollback } from './rollback.js';
