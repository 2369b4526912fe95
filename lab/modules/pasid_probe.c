// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * In a guest with an IOMMU: gives two PASIDs of the virtual host's "tenon-dma" function (lab/nest) a domain each, and
 * has it move memory by them. /sys/module/pasid_probe/parameters/result tells what each reached: a page's letter, or
 * "refused":
 *
 *   7: A, 9: B; 9 wrote C: A C; 11: refused; unmapped: refused, mapped: C, unmapped again: refused; 7 detached:
 *   refused, 9 moved: A; process: S, wrote P: P, unmapped: refused
 *
 * The last is of the page table of the process that loads this, bound to a PASID of its own; "not shared" where the
 * guest's IOMMU cannot walk it.
 */
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iommu.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/uaccess.h>
#include <uapi/linux/iommufd.h>

#define ADDRESS 0x08
#define LENGTH 0x10
#define PASID 0x18
#define COMMAND 0x20
#define RESULT 0x28
#define BUFFER 0x800
#define HAS_PASID (1u << 31)
#define IOVA 0x100000ul
#define BYTES 64

static char result[400] = "nothing was tried";
module_param_string(result, result, sizeof(result), 0400);

static struct pci_dev *device;
static void __iomem *registers;

static int move_memory(u32 pasid, unsigned long iova, u32 command)
{
	writeq(iova, registers + ADDRESS);
	writeq(BYTES, registers + LENGTH);
	writeq(pasid | HAS_PASID, registers + PASID);
	writeq(command, registers + COMMAND);
	return readq(registers + RESULT) ? -EFAULT : 0;
}

/* What the function finds there. */
static const char *found(u32 pasid, unsigned long iova)
{
	static char letters[8][2];
	static unsigned int next;
	char *letter = letters[next++ % 8];

	writeq(0, registers + BUFFER);
	if (move_memory(pasid, iova, 1))
		return "refused";
	letter[0] = readb(registers + BUFFER);
	return letter[0] ? letter : "nothing";
}

static int try_all(struct iommu_domain *one, struct iommu_domain *two, char *a, char *b)
{
	struct device *dev = &device->dev;
	int at, error;

	memset(a, 'A', PAGE_SIZE);
	memset(b, 'B', PAGE_SIZE);
	error = iommu_map(one, IOVA, virt_to_phys(a), PAGE_SIZE, IOMMU_READ | IOMMU_WRITE, GFP_KERNEL) ?:
		iommu_map(two, IOVA, virt_to_phys(b), PAGE_SIZE, IOMMU_READ | IOMMU_WRITE, GFP_KERNEL) ?:
		iommu_attach_device_pasid(one, dev, 7, NULL);
	if (error)
		return error;
	error = iommu_attach_device_pasid(two, dev, 9, NULL);
	if (error) {
		iommu_detach_device_pasid(one, dev, 7);
		return error;
	}
	at = scnprintf(result, sizeof(result), "7: %s, 9: %s", found(7, IOVA), found(9, IOVA));
	memset_io(registers + BUFFER, 'C', BYTES);
	error = move_memory(9, IOVA, 2);
	at += scnprintf(result + at, sizeof(result) - at, "; 9 wrote C: %c %c%s; 11: %s", a[0], b[0],
			error ? " (refused)" : "", found(11, IOVA));
	at += scnprintf(result + at, sizeof(result) - at, "; unmapped: %s", found(7, IOVA + PAGE_SIZE));
	error = iommu_map(one, IOVA + PAGE_SIZE, virt_to_phys(b), PAGE_SIZE, IOMMU_READ, GFP_KERNEL);
	at += scnprintf(result + at, sizeof(result) - at, ", mapped: %s", error ? "no" : found(7, IOVA + PAGE_SIZE));
	if (!error)
		iommu_unmap(one, IOVA + PAGE_SIZE, PAGE_SIZE);
	at += scnprintf(result + at, sizeof(result) - at, ", unmapped again: %s", found(7, IOVA + PAGE_SIZE));
	iommu_detach_device_pasid(one, dev, 7);
	at += scnprintf(result + at, sizeof(result) - at, "; 7 detached: %s", found(7, IOVA));
	iommu_detach_device_pasid(two, dev, 9);
	error = iommu_attach_device_pasid(one, dev, 9, NULL);
	scnprintf(result + at, sizeof(result) - at, ", 9 moved: %s", error ? "no" : found(9, IOVA));
	if (!error)
		iommu_detach_device_pasid(one, dev, 9);
	return 0;
}

static int try_domains(void)
{
	struct iommu_domain *one, *two;
	char *a = (char *)__get_free_page(GFP_KERNEL), *b = (char *)__get_free_page(GFP_KERNEL);
	int error = -ENOMEM;

	one = iommu_paging_domain_alloc_flags(&device->dev, IOMMU_HWPT_ALLOC_PASID);
	two = iommu_paging_domain_alloc_flags(&device->dev, IOMMU_HWPT_ALLOC_PASID);
	if (IS_ERR(one) || IS_ERR(two))
		error = IS_ERR(one) ? PTR_ERR(one) : PTR_ERR(two);
	else if (a && b)
		error = try_all(one, two, a, b);
	if (!IS_ERR(one))
		iommu_domain_free(one);
	if (!IS_ERR(two))
		iommu_domain_free(two);
	free_page((unsigned long)a);
	free_page((unsigned long)b);
	return error;
}

/* A page of the process: what is there, what is written, and that nothing is reached once it is gone. */
static void try_page(struct iommu_sva *bound, unsigned long page)
{
	const u32 pasid = iommu_sva_get_pasid(bound);
	size_t at = strlen(result);
	char letter = 'S';

	if (copy_to_user((char __user *)page, &letter, 1))
		return;
	at += scnprintf(result + at, sizeof(result) - at, "; process: %s", found(pasid, page));
	memset_io(registers + BUFFER, 'P', BYTES);
	if (move_memory(pasid, page, 2) || copy_from_user(&letter, (char __user *)page, 1))
		letter = '-';
	at += scnprintf(result + at, sizeof(result) - at, ", wrote P: %c", letter);
	vm_munmap(page, PAGE_SIZE);
	scnprintf(result + at, sizeof(result) - at, ", unmapped: %s", found(pasid, page));
}

static void try_process(void)
{
	struct iommu_sva *bound = iommu_sva_bind_device(&device->dev, current->mm);
	const size_t at = strlen(result);
	unsigned long page;

	if (IS_ERR(bound)) {
		scnprintf(result + at, sizeof(result) - at, "; process: not shared");
		return;
	}
	page = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	if (!IS_ERR_VALUE(page))
		try_page(bound, page);
	iommu_sva_unbind_device(bound);
}

static int __init pasid_probe_init(void)
{
	int error;

	device = pci_get_device(0x1234, 0x11ed, NULL);
	if (!device)
		return -ENODEV;
	error = pci_enable_device(device);
	if (!error) {
		pci_set_master(device);
		registers = pci_iomap(device, 0, 0);
		error = registers ? try_domains() : -ENOMEM;
		if (!error)
			try_process();
		if (registers)
			pci_iounmap(device, registers);
		pci_clear_master(device);
		pci_disable_device(device);
	}
	pci_dev_put(device);
	if (error)
		scnprintf(result, sizeof(result), "error %d", error);
	return 0;
}

static void __exit pasid_probe_exit(void)
{
}

module_init(pasid_probe_init);
module_exit(pasid_probe_exit);
MODULE_DESCRIPTION("Two PASIDs of a test function, in a domain each");
MODULE_LICENSE("Dual MIT/GPL");
