import { startCeph } from '../../harness/ceph.ts';
import { storageLife } from './life.ts';

storageLife('s3', startCeph, { lists: true, everyForm: true, killed: true });
