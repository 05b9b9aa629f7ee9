# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the structure of an OpenAPI 3.0 document: what the specification requires, of the parts that are used.

Debian 12 has no validator for it. check(document) returns a list of problems.
"""
METHODS = {'get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'}
TYPES = {'string', 'number', 'integer', 'boolean', 'array', 'object'}
ALLOWED = {
    'document': {'openapi', 'info', 'servers', 'paths', 'components', 'security', 'tags', 'externalDocs'},
    'operation': {'tags', 'summary', 'description', 'externalDocs', 'operationId', 'parameters', 'requestBody', 'responses',
                  'callbacks', 'deprecated', 'security', 'servers'},
    'parameter': {'name', 'in', 'description', 'required', 'deprecated', 'allowEmptyValue', 'schema', 'style', 'explode'},
    'response': {'description', 'headers', 'content', 'links'},
    'body': {'description', 'content', 'required'},
    'schema': {'$ref', 'type', 'properties', 'items', 'nullable', 'format', 'description', 'minimum', 'maximum', 'enum',
               'required', 'additionalProperties'},
}


class Checker:
    def __init__(self, document):
        self.document = document
        self.problems = []
        self.ids = set()

    def need(self, condition, where, what):
        if not condition:
            self.problems.append(f'{where}: {what}')
        return condition

    def keys(self, value, kind, where):
        if not self.need(isinstance(value, dict), where, 'is no object'):
            return False
        for key in value:
            self.need(key in ALLOWED[kind] or key.startswith('x-'), where, f'has {key!r}, which a {kind} has not')
        return True

    def schema(self, schema, where):
        if not self.keys(schema, 'schema', where):
            return
        if '$ref' in schema:
            prefix, _, name = schema['$ref'].rpartition('/')
            self.need(prefix == '#/components/schemas' and name in self.document['components']['schemas'], where,
                      f'refers to {schema["$ref"]}, which is not there')
            self.need(len(schema) == 1, where, 'has members beside $ref, which are ignored')
            return
        if 'type' in schema:
            self.need(schema['type'] in TYPES, where, f'{schema["type"]!r} is no type')
        self.need(schema.get('type') != 'array' or 'items' in schema, where, 'is an array without items')
        for name, part in schema.get('properties', {}).items():
            self.schema(part, f'{where}.{name}')
        if 'items' in schema:
            self.schema(schema['items'], f'{where}[]')

    def content(self, content, where):
        for media, value in content.items():
            self.need('/' in media, where, f'{media!r} is no media type')
            self.schema(value.get('schema', {}), f'{where} {media}')

    def operation(self, path, method, operation):
        where = f'{method} {path}'
        if not self.keys(operation, 'operation', where):
            return
        name = operation.get('operationId')
        self.need(name and name not in self.ids, where, f'operationId {name!r} is missing or not the only one')
        self.ids.add(name)
        in_path = {part[1:-1] for part in path.split('/') if part.startswith('{')}
        seen = set()
        for parameter in operation.get('parameters', []):
            self.keys(parameter, 'parameter', where)
            key = parameter.get('name'), parameter.get('in')
            self.need(key not in seen, where, f'parameter {key} is there twice')
            seen.add(key)
            self.need(key[1] in ('query', 'path', 'header', 'cookie'), where, f'parameter {key}')
            self.need(key[1] != 'path' or (key[0] in in_path and parameter.get('required') is True), where, f'{key}')
            self.schema(parameter.get('schema', {}), f'{where} {key[0]}')
        self.need(in_path == {name for name, place in seen if place == 'path'}, where, 'path parameters are missing')
        if 'requestBody' in operation and self.keys(operation['requestBody'], 'body', where):
            self.need(method != 'get', where, 'a GET has no body')
            self.content(operation['requestBody'].get('content', {}), where)
        if self.need(operation.get('responses'), where, 'has no responses'):
            for status, response in operation['responses'].items():
                self.need(status == 'default' or status.isdigit(), where, f'{status!r} is no status')
                self.keys(response, 'response', where)
                self.need(isinstance(response.get('description'), str), where, f'{status} has no description')
                self.content(response.get('content', {}), where)


def check(document):
    c = Checker(document)
    c.keys(document, 'document', 'the document')
    c.need(str(document.get('openapi', '')).startswith('3.0.'), 'the document', 'is no OpenAPI 3.0')
    c.need({'title', 'version'} <= set(document.get('info', {})), 'info', 'has no title or version')
    for path, item in document.get('paths', {}).items():
        c.need(path.startswith('/'), path, 'does not begin with /')
        for method, operation in item.items():
            if c.need(method in METHODS, path, f'{method!r} is no method'):
                c.operation(path, method, operation)
    for name, schema in document.get('components', {}).get('schemas', {}).items():
        c.schema(schema, name)
    return c.problems
