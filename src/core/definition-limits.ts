/** What definitions may be at most. */
export const definitionLimits = {
  nodes: 1_000,
  /** Names in `after`, of all nodes together: a run writes down and looks up each of them. */
  ways: 5_000,
  params: 1_000,
  /** Characters of a parameter's value. */
  value: 65_536,
  /** Characters of a node's name. */
  nodeName: 128,
  /** Characters of a script's text. */
  script: 4 * 1024 * 1024,
  /** Characters of the body of a node's request. */
  body: 1024 * 1024,
  headers: 50,
  retries: 100,
  /** Of delays and time-outs. */
  seconds: 30 * 24 * 60 * 60,
} as const;
