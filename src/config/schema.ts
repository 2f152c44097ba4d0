/** The JSON Schema of the configuration file (draft 7, which editors understand), made from the key tables. */
import { GROUP_NAME, groupSection } from './groups.ts';
import { chassisSection, neighborSection, rangeSection, routerSection, rpkiSection } from './keys.ts';
import { policySection } from './policy-keys.ts';
import { type JsonSchema, type Keys, NAME, type Section, type Shape } from './shapes.ts';

/** The schema as it is shipped in graftd.schema.json; `chassis check --schema` prints it. */
export function configurationSchema(): JsonSchema {
  const group = sectionSchema(groupSection(), false);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'graftd configuration',
    type: 'object',
    additionalProperties: false,
    required: ['router'],
    properties: {
      router: sectionSchema(routerSection),
      chassis: sectionSchema(chassisSection),
      rpki: sectionSchema(rpkiSection),
      defaults: {
        ...group,
        description: 'Any key of a neighbour, for all that do not say otherwise.',
      },
      groups: {
        type: ['object', 'null'],
        propertyNames: { pattern: GROUP_NAME.source },
        additionalProperties: group,
        description:
          'Keys of neighbours under a name, for those with "group: NAME" that do not say otherwise.',
      },
      ...(sectionSchema(policySection).properties as JsonSchema),
      // "as" can come from the defaults, so that no schema can require it of each neighbour.
      neighbors: {
        type: ['array', 'null'],
        items: { ...sectionSchema(neighborSection), required: ['address'] },
        description: 'The neighbours, each with its address and AS number.',
      },
      'neighbor-ranges': {
        type: ['array', 'null'],
        items: { ...sectionSchema(rangeSection), required: ['range'] },
        description: 'From where others may call, and what they are then.',
      },
    },
  };
}

function sectionSchema(section: Section<Keys>, whole = true): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  for (const [name, key] of Object.entries(section.keys)) {
    const preset =
      whole && key.default !== undefined && key.ofMachine !== true ? { default: key.default } : {};
    properties[name] = { ...shapeSchema(key.shape), description: key.doc, ...preset };
  }
  const needed = Object.keys(section.keys).filter((name) => whole && section.keys[name]!.required);
  // A section with nothing below it is null in YAML; it stands for an empty one.
  const type = needed.length > 0 ? 'object' : ['object', 'null'];
  return {
    type,
    additionalProperties: false,
    ...(needed.length > 0 ? { required: needed } : {}),
    properties,
  };
}

function shapeSchema(shape: Shape): JsonSchema {
  switch (shape.form) {
    case 'scalar':
      return shape.schema;
    case 'section':
      return sectionSchema(shape);
    case 'some': {
      const item = shapeSchema(shape.item);
      return { anyOf: [item, { type: 'array', items: item, minItems: 1, uniqueItems: true }] };
    }
    case 'named':
      return {
        type: ['object', 'null'],
        propertyNames: { pattern: NAME.source },
        additionalProperties: shapeSchema(shape.item),
      };
    case 'either':
      return { anyOf: [shapeSchema(shape.list), shapeSchema(shape.section)] };
    case 'list':
      if (shape.atLeastOne) {
        const unique = shape.repeats === true ? {} : { uniqueItems: true };
        return { type: 'array', items: shapeSchema(shape.item), minItems: 1, ...unique };
      }
      return { type: ['array', 'null'], items: shapeSchema(shape.item), uniqueItems: true };
  }
}
