export { type BackendOptions, postgresBackend } from './backend.js'
export { classifyError, classifySqlState } from './map-error.js'
export { type Installed, type SchemaOptions, migrateEngine } from './migrate.js'
export { type Names, type ObjectName, type Order, schemaNames } from './schema.js'
export {
  DriverFailure,
  type Engine,
  type Parameter,
  type QueryRunner,
  type Row,
  type Session,
  type Statement,
  type Work,
} from './session.js'
