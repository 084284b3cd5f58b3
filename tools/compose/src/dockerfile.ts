import { readFileSync } from 'node:fs'

/** One `FROM … AS name` of a Dockerfile with what stands below it. */
export type Stage = {
  readonly name: string
  readonly from: string
  readonly entrypoint: readonly string[] | undefined
  readonly command: readonly string[] | undefined
  readonly env: Readonly<Record<string, string>>
  readonly user: string | undefined
  readonly exposed: readonly number[]
  /** `COPY --from=stage source target`. */
  readonly copies: readonly { readonly stage: string; readonly source: string; readonly target: string }[]
}

/** Reads the instructions that our Dockerfile uses; what a stage takes over from the one that it is from is included. */
export function readDockerfile(path: string): ReadonlyMap<string, Stage> {
  const text = readFileSync(path, 'utf8').replaceAll(/\\\n/g, ' ')
  const stages = new Map<string, Stage>()
  let stage: Stage | undefined
  for (const line of text.split('\n')) {
    const [, instruction, rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
    if (instruction === undefined) continue
    stage =
      instruction === 'FROM'
        ? beginStage(rest, stages)
        : stage === undefined
          ? undefined
          : follow(stage, instruction, rest)
    if (stage !== undefined) stages.set(stage.name, stage)
  }
  return stages
}

function beginStage(rest: string, stages: ReadonlyMap<string, Stage>): Stage {
  const [, from = '', name = ''] = /^(\S+) AS (\S+)$/.exec(rest) ?? []
  const below = stages.get(from)
  return {
    name,
    from,
    entrypoint: below?.entrypoint,
    command: below?.command,
    env: below?.env ?? {},
    user: below?.user,
    exposed: [],
    copies: [],
  }
}

function follow(stage: Stage, instruction: string, rest: string): Stage {
  switch (instruction) {
    case 'ENTRYPOINT':
      return { ...stage, entrypoint: JSON.parse(rest) as string[] }
    case 'CMD':
      return { ...stage, command: JSON.parse(rest) as string[] }
    case 'USER':
      return { ...stage, user: rest }
    case 'EXPOSE':
      return { ...stage, exposed: rest.split(/\s+/).map(Number) }
    case 'ENV': {
      const [, name = '', value = ''] = /^(\w+)=(\S*)$/.exec(rest) ?? []
      return { ...stage, env: { ...stage.env, [name]: value } }
    }
    case 'COPY': {
      const [, from, source = '', target = ''] = /^--from=(\S+) (\S+) (\S+)$/.exec(rest) ?? []
      return from === undefined ? stage : { ...stage, copies: [...stage.copies, { stage: from, source, target }] }
    }
    default:
      return stage
  }
}
