export { redactorFor } from '../docker/redactor.js';
