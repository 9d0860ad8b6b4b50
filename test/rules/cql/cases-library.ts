/** What the expressions of `cases/` name. */
export const header = `codesystem "S": 'http://example.org/s'
codesystem "T": 'http://example.org/t'
valueset "One": 'http://example.org/one'
valueset "Two": 'http://example.org/two'
valueset "Unknown": 'http://example.org/unknown'
`

/** Members of its value sets that are there. */
export const valueSets = {
  'http://example.org/one': ['http://example.org/s|1', 'http://example.org/s|2'],
  'http://example.org/two': ['http://example.org/s|1', 'http://example.org/t|1'],
}
