import { z } from 'zod';
import { fileSchema } from './schema.js';
import { fieldsOf, innerOf, mainOf } from './schema-walk.js';
import { valueWords, type ValueWords } from './value-types.js';

/** The reference of `pointsman.yml` as Markdown, from the schema itself: `docs/configuration.md`. */
export function configurationReference(): string {
  const keys = Object.entries(fileSchema.shape).filter(([key]) => key !== 'environments');
  const plain = keys.filter(([, schema]) => fieldsOf(schema) === null);
  const sections = keys.filter(([, schema]) => fieldsOf(schema) !== null);
  return [
    introduction,
    '## At the top of the file',
    tableOf(plain),
    ...sections.flatMap(([key, schema]) => [
      `## \`${key}\``,
      aboutOf(schema),
      tableOf(Object.entries(fieldsOf(schema) ?? {})),
      ...within(key, schema),
    ]),
    environments,
    '',
  ].join('\n\n');
}

/** Sections within a section, each with a table of its own. */
function within(parent: string, schema: z.core.$ZodType): string[] {
  const nested = Object.entries(fieldsOf(schema) ?? {}).map(([key, field]) => [key, itemOf(field)] as const);
  return nested.flatMap(([key, field]) => {
    const fields = fieldsOf(field);
    return fields ? [`### \`${parent}.${key}\``, aboutOf(field), tableOf(Object.entries(fields))] : [];
  });
}

/** Of a list, what is in it. */
function itemOf(schema: z.core.$ZodType): z.core.$ZodType {
  const main = mainOf(schema);
  return main instanceof z.ZodArray ? main.def.element : schema;
}

const introduction = `# pointsman.yml

<!-- Generated from src/config; to renew it: npx vitest run test/config/generated.test.ts -u -->

One file beside the Compose file. Two keys are required; this is a whole file:

\`\`\`yaml
project: shop
image: registry.example.org/shop:{release}
\`\`\`

Everything is checked before anything is touched, and everything that is wrong is shown at once, with its line:

\`\`\`
pointsman.yml:7:3  slots.green: there is no service app-gren in compose.yml → did you mean app-green?
\`\`\`

Durations have a unit: \`500ms\`, \`30s\`, \`2m\`, \`1h30m\`. Editors complete and check the file with
\`templates/pointsman.schema.json\`.

pointsman sets four variables for the Compose file, so that the old slot keeps its own image when the new one starts:
\`BLUE_IMAGE\`, \`BLUE_RELEASE\`, \`GREEN_IMAGE\` and \`GREEN_RELEASE\`. The slots use them:
\`image: \${BLUE_IMAGE:-shop:unreleased}\`.`;

const environments = `## \`environments\`

${aboutOf(fileSchema.shape.environments)} What an environment does not say holds as the rest of the file has it: maps are
merged key by key, everything else is replaced, and \`false\` turns off what can be absent (\`replica: false\`).

Without this key there is one environment, \`production\`. With one, it need not be named; with several, \`-e\` is needed.

Two environments on the same machine need a \`project\` of their own each, and ports of their own:

\`\`\`yaml
project: shop
image: registry.example.org/shop:{release}
environments:
  production: {}
  staging:
    project: shop-staging
    compose: [compose.yml, compose.staging.yml]
    envFile: .env.staging
    replica: false
\`\`\``;

function tableOf(fields: readonly (readonly [string, z.core.$ZodType])[]): string {
  const rows = fields.map(
    ([key, schema]) => `| \`${key}\` | ${aboutOf(schema)} | ${defaultOf(schema)} | ${exampleOf(schema)} |`,
  );
  return ['| key | what it is | default | example |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function aboutOf(schema: z.core.$ZodType): string {
  return (z.globalRegistry.get(mainOf(schema)) ?? z.globalRegistry.get(innerOf(schema)))?.description ?? '';
}

function wordsOf(schema: z.core.$ZodType): ValueWords | undefined {
  return valueWords.get(mainOf(schema)) ?? valueWords.get(innerOf(schema));
}

function defaultOf(schema: z.core.$ZodType): string {
  const otherwise = wordsOf(schema)?.otherwise;
  if (otherwise !== undefined) return otherwise;
  if (!(schema instanceof z.ZodPrefault)) return '**required**';
  const value = schema.def.defaultValue;
  return value === false && mainOf(schema) !== innerOf(schema)
    ? 'none'
    : `\`${JSON.stringify(value).replaceAll('"', '')}\``;
}

function exampleOf(schema: z.core.$ZodType): string {
  return `\`${wordsOf(schema)?.example ?? ''}\``;
}
