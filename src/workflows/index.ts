export { deploy } from './deploy.js';
export { rollback } from './rollback.js';
