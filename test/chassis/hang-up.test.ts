/** SIGHUP has nobody to answer to: whatever becomes of the reload, the router goes on. */
import test from 'ava';
import { OperationError } from '../../src/chassis/operations.ts';
import { reloadAndLog } from '../../src/chassis/run.ts';

for (const error of [new OperationError('the file has mistakes'), new TypeError('an error of ours')]) {
  test(`a reload that fails by ${error.constructor.name} ends nothing`, async (t) => {
    await t.notThrowsAsync(reloadAndLog({ reload: () => Promise.reject(error) }));
  });
}
