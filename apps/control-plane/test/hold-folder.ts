/** Takes the folder that it is given, says so, and keeps it until it is killed. */
import { lockFolder } from '../src/store/folder-lock.ts'

lockFolder(process.argv[2]!)
process.stdout.write('held\n')
setInterval(() => {}, 60_000)
